"""VDN: the total is the sum of the agents' values."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.dec import Dec
from recipe_sweep.trainers.mixers.base import Extra, Mixing


class Vdn(Dec):
    """Per-agent critics as in Dec, summed over agents. The minimum over heads is taken after the sum (paper 5.1)."""

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Sum over agents: (L, *, B, N) -> (L, *, B)."""
        return q.sum(-1)

    def reward(self, rewards: Tensor, team: Tensor) -> Tensor:
        """Return the team's reward (L, B)."""
        return team

    def spread(self, per_transition: Tensor) -> Tensor:
        """Return the tensor unchanged: (L, B)."""
        return per_transition

    def cloning(self, nll: Tensor) -> Tensor:
        """Sum over agents (the joint log-likelihood), and average over the batch."""
        return nll.sum(-1).mean(-1)


VDN = Vdn()
