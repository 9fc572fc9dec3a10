"""Shapes of the SMAC scenarios whose data are published.

The game is StarCraft II, which is no package, so these tasks cannot be played here.
"""

from __future__ import annotations

from recipe_sweep.trainers.task import TaskSpec

NO_GAME = "StarCraft II is no package"
"""Why these tasks cannot be played, as the end of a sentence."""
NO_OP = 0
"""The action of the dead. It is their only legal action, and it is illegal for the living."""


def _spec(scenario: str, agents: int, observed: int, actions: int, state: int, horizon: int) -> TaskSpec:
    return TaskSpec(
        f"smac_{scenario}",
        n_agents=agents,
        obs_dim=observed,
        action_dim=actions,
        state_dim=state,
        horizon=horizon,
        discrete=True,
        action_low=0.0,
        action_high=1.0,
        masked=True,
    )


SPECS = (
    _spec("3m", 3, 30, 9, 48, 60),
    _spec("2s3z", 5, 80, 11, 120, 120),
    _spec("terran_5_vs_5", 5, 82, 11, 120, 200),
    _spec("zerg_5_vs_5", 5, 82, 11, 120, 200),
)
"""Specs of all scenarios. A horizon is the game's time limit, which few episodes reach."""
