"""Playing stored transitions again on the simulator: does it answer with what was stored?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.data.card import ReplayResult
from trainers.data.columns import Floats
from trainers.environments import available_tasks, make_environment
from trainers.task import FloatArray, RecoverableEnvironment, TaskSpec

AT_ONCE = 250
"""Transitions stepped side by side."""
TOLERANCE = 1e-3
"""Stored observations are float32, so the state that they tell is off by about 1e-7 of its size, and steep contacts magnify
that. A wrong integrator, reward or order of actuators is off by far more than this."""


class Replay:
    """Plays transitions again, and keeps count of those that come out otherwise.

    A transition deviates where an observation or a reward differs by more than TOLERANCE, relative to its size where that is
    above 1.
    """

    def __init__(self, environment: RecoverableEnvironment) -> None:
        self._environment = environment
        self._transitions = self._deviating = self._unpaid = 0
        self._observation_error = self._reward_error = 0.0

    @classmethod
    def on(cls, spec: TaskSpec) -> Replay | None:
        """A replay on the task's simulator; None where it has none, or one that cannot be put into a state that was seen."""
        if spec.name not in available_tasks():
            return None
        environment = make_environment(spec.name, AT_ONCE)
        return cls(environment) if isinstance(environment, RecoverableEnvironment) else None

    def play(
        self,
        observations: Floats,
        actions: Floats,
        rewards: Floats,
        following: Floats,
        known: NDArray[np.bool_],
        clipped: NDArray[np.bool_] | None = None,
    ) -> None:
        """Play M transitions: observations (M, N, O), actions (M, N, A), rewards (M, N), following observations (M, N, O).

        Following observations count only where `known` (M,). Where `clipped` (M,) the stored action may not be the one
        that was paid for, and the reward does not count.
        """
        paid = np.ones(len(rewards), np.bool_) if clipped is None else ~clipped
        for first in range(0, len(rewards), AT_ONCE):
            chunk = np.arange(first, min(first + AT_ONCE, len(rewards)))
            filled = np.resize(chunk, AT_ONCE)  # the environment has a fixed number of copies
            self._environment.recover(observations[filled])
            step = self._environment.step(actions[filled])
            seen = _error(step.observations[: len(chunk)], following[chunk]) * known[chunk]
            got = _error(step.rewards[: len(chunk)], rewards[chunk]) * paid[chunk]
            self._transitions += len(chunk)
            self._unpaid += int((~paid[chunk]).sum())
            self._deviating += int(((seen > TOLERANCE) | (got > TOLERANCE)).sum())
            self._observation_error = max(self._observation_error, float(seen.max()))
            self._reward_error = max(self._reward_error, float(got.max()))

    def result(self) -> ReplayResult:
        """What was found so far."""
        return ReplayResult(
            transitions=self._transitions,
            deviating=self._deviating,
            largest_observation_error=self._observation_error,
            largest_reward_error=self._reward_error,
            unpaid=self._unpaid,
        )


def _error(played: FloatArray, stored: FloatArray) -> NDArray[np.float64]:
    """Largest error (M,) of each transition, relative where the stored number is above 1."""
    difference = np.abs(played - stored.astype(np.float64)) / np.maximum(np.abs(stored), 1.0)
    largest: NDArray[np.float64] = difference.reshape(len(difference), -1).max(axis=1)
    return largest
