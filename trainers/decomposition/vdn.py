"""VDN: the total is the sum of the agents' values."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.dec import Dec
from recipe_sweep.trainers.mixers.base import Extra, Mixing


class Vdn(Dec):
    """Per-agent critics as in Dec, summed; the minimum over heads comes after the sum (paper 5.1)."""

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """(L, *, B, N) -> (L, *, B)."""
        return q.sum(-1)

    def reward(self, rewards: Tensor, team: Tensor) -> Tensor:
        """The team's."""
        return team

    def spread(self, per_transition: Tensor) -> Tensor:
        """As it is: (L, B)."""
        return per_transition

    def cloning(self, nll: Tensor) -> Tensor:
        """Joint log-likelihood: summed over agents."""
        return nll.sum(-1).mean(-1)


VDN = Vdn()
