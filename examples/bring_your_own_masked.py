"""A task whose actions are illegal at times, and a dataset of it: a plugin to copy. See docs/data.md.

export RECIPE_SWEEP_PLUGINS=examples/bring_your_own_masked.py
recipe-sweep data list
recipe-sweep launch examples/bring_your_own_masked.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recipe_sweep.trainers.plugins import (
    Columns,
    Episode,
    OneByOne,
    ReturnScale,
    SingleStep,
    TaskSpec,
    columns_from_episodes,
    register_dataset,
    register_task,
)

SPEC = TaskSpec(
    "corridor",
    n_agents=2,
    obs_dim=2,
    action_dim=3,
    state_dim=4,
    horizon=10,
    discrete=True,
    action_low=0.0,
    action_high=1.0,
    masked=True,
)
"""Two agents walk along a corridor to its last cell. An episode is won when both are there."""

LEFT, STAY, RIGHT = range(3)
MOVES = np.array([-1, 0, 1])
LAST = 4


class Corridor:
    """One episode at a time. No agent walks into a wall, and an agent in the last cell stays there."""

    def reset(self, generator: np.random.Generator) -> np.ndarray:
        """Begin an episode. Only the generator makes it random, so that evaluations can be repeated."""
        self.cells, self.time = generator.integers(0, 3, 2), 0
        return self.observe()

    def step(self, actions: np.ndarray) -> SingleStep:
        """Take one-hot actions (2, 3), which are legal. An agent that arrives pays 1 to both, and a victory pays 10."""
        before = self.cells
        self.cells = self.cells + MOVES[actions.argmax(axis=1)]
        self.time += 1
        arrived = ((self.cells == LAST) & (before < LAST)).sum()
        return SingleStep(self.observe(), float(arrived) + 10.0 * self.won(), self.won() or self.time == SPEC.horizon)

    def legal(self) -> np.ndarray:
        """Tell which actions are legal now: (2, 3), 1 or 0. Every agent has at least one."""
        inside = self.cells < LAST
        return np.stack([inside & (self.cells > 0), np.ones(2, bool), inside], axis=1)

    def won(self) -> bool:
        """Tell whether both have arrived. Without this method, results have no win rate."""
        return bool((self.cells == LAST).all())

    def observe(self) -> np.ndarray:
        """Observe one's own place and the other's: (2, 2). Both together are the state (4 = 2 x 2)."""
        return np.stack([self.cells, self.cells[::-1]], axis=1) / LAST


def play(episodes: int) -> Iterator[Episode]:
    """Make episodes as a simulator's log may hold them: actions as numbers, and what was legal before each step."""
    for number in range(episodes):
        generator = np.random.default_rng(number)
        environment = Corridor()
        seen, over = [environment.reset(generator)], False
        actions, rewards, legals = [], [], []
        while not over:
            legals.append(environment.legal())
            chances = legals[-1] * np.array([1.0, 1.0, 3.0])
            chosen = [generator.choice(3, p=chance / chance.sum()) for chance in chances]
            step = environment.step(np.eye(3)[chosen])
            actions.append(chosen)
            seen.append(step.observations)
            rewards.append(step.rewards)
            over = step.done
        yield Episode(np.array(seen), np.array(actions), np.array(rewards), legals=np.array(legals))


def load_wanderers() -> Columns:
    """Load a dataset from episodes."""
    return columns_from_episodes(SPEC, play(episodes=300))


register_task(SPEC, lambda copies: OneByOne(SPEC, Corridor, copies), title="Corridor", version="1")
# The returns that score 0 and 1: nobody arrives, and both do.
register_dataset("corridor", "wanderers", load_wanderers, version="1", scale=ReturnScale(minimum=0.0, maximum=12.0))
