"""Mix: a monotonic network, conditioned on the state, mixes the agents' values."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.vdn import Vdn
from recipe_sweep.trainers.networks import MixingWeights, mix


class Mix(Vdn):
    """Per-agent critics as in VDN, mixed by f(q; s) (paper Eq. 1, Appendix D)."""

    uses_state = True
    mixes = True

    def total(self, q: Tensor, weights: MixingWeights | None) -> Tensor:
        """(L, *, B, N) -> (L, *, B)."""
        assert weights is not None
        return mix(q, weights)


MIX = Mix()
