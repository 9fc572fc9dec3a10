"""How the agents' rewards make the team's: one line for each member of the axis."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import TeamReward

TEAM_REWARDS: dict[TeamReward, Callable[[Tensor], Tensor]] = {
    TeamReward.MEAN: lambda rewards: rewards.mean(-1),
    TeamReward.SUM: lambda rewards: rewards.sum(-1),
}
"""Each maps agents' rewards (L, B, N) to the team's (L, B)."""
