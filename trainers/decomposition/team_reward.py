"""How the team's reward is computed from the agents' rewards: one line for each member of the axis."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import TeamReward

TEAM_REWARDS: dict[TeamReward, Callable[[Tensor], Tensor]] = {
    TeamReward.MEAN: lambda rewards: rewards.mean(-1),
    TeamReward.SUM: lambda rewards: rewards.sum(-1),
}
"""Functions that map the agents' rewards (L, B, N) to the team's rewards (L, B)."""
