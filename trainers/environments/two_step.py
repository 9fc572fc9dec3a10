"""The two-step matrix game: a safe reward of 7, or 8 if both agents choose it (paper C.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.task import FloatArray, TaskSpec, Transition

SPEC = TaskSpec(
    "two_step", n_agents=2, obs_dim=3, action_dim=2, state_dim=3, horizon=2, discrete=True, action_low=0.0, action_high=1.0
)

FIRST, SAFE, RISKY = 0, 1, 2
"""The paper's states 1, 2-1 and 2-2, as positions in the one-hot state."""

PAYOFFS = np.array([[[0.0, 0.0], [0.0, 0.0]], [[7.0, 7.0], [7.0, 7.0]], [[0.0, 1.0], [1.0, 8.0]]])
"""(state, action of agent A, action of agent B): the reward of the joint action, the same for both agents."""


class TwoStep:
    """E copies of the two-step game (paper C.1).

    In the first state agent A's action 0 leads to the safe state, and action 1 to the risky state. The reward is 0. The second
    joint action has the reward of `PAYOFFS` and ends the episode. State and both observations are the one-hot of the three
    states, and do not change after the end. Nothing is random: the generators only count the episodes.
    """

    spec = SPEC

    def __init__(self, copies: int) -> None:
        self.copies = copies

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Put every copy into the first state. Return observations (E, 2, 3)."""
        self._states = np.full(self.copies, FIRST)
        self._time = 0
        return observe(self._states)

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the state of observations (E, 2, 3), which contain the whole state."""
        self._states = observations[:, 0].argmax(axis=1)
        self._time = 0
        return np.ones(self.copies, np.bool_)

    def step(self, actions: FloatArray) -> Transition:
        """Advance every copy by one-hot actions (E, 2, 2)."""
        choices = actions.argmax(axis=2)
        payoff = PAYOFFS[self._states, choices[:, 0], choices[:, 1]]
        led = np.where(choices[:, 0] == 0, SAFE, RISKY)
        self._states = np.where(self._states == FIRST, led, self._states)
        self._time += 1
        done = np.full(self.copies, self._time >= SPEC.horizon)
        return Transition(observe(self._states), np.repeat(payoff[:, None], SPEC.n_agents, axis=1), done)


def observe(states: np.ndarray[tuple[int], np.dtype[np.int_]]) -> FloatArray:
    """Compute both agents' observations of states (E,): their one-hots (E, 2, 3)."""
    return np.repeat(np.eye(SPEC.obs_dim)[states][:, None], SPEC.n_agents, axis=1)
