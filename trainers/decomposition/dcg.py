"""DCG: a graph of agents and pairs of agents, each with a value. The total is the mean over agents plus the mean over pairs."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.vdn import Vdn
from recipe_sweep.trainers.mixers.base import Extra, Mixing


class Dcg(Vdn):
    """T = mean_a f_a + mean_{a != b} f_ab (algorithms2: "Further mixers").

    The critic gives every agent its own value plus the mean over its pairs (trainers/critic.py). So the total is a mean.
    """

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Average over agents: (L, *, B, N) -> (L, *, B)."""
        return q.mean(-1)


DCG = Dcg()
