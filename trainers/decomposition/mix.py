"""Mix: a network, conditioned on the state, mixes the agents' values."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.vdn import Vdn
from recipe_sweep.trainers.mixers.base import Extra, MakeMixer, Mixing


class Mix(Vdn):
    """Per-agent critics as in VDN, mixed by f(q; s) (paper Eq. 1, Appendix D)."""

    uses_state = True

    def __init__(self, mixer: MakeMixer) -> None:
        self.mixer = mixer

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Mix the agents' values: (L, *, B, N) -> (L, *, B)."""
        assert mixing is not None
        return mixing.total(q, extra)
