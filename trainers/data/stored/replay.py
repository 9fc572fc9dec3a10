"""Replay of stored transitions on the simulator, to compare its observations and rewards with the stored ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.stored.card import ReplayErrors, ReplayResult
from recipe_sweep.trainers.data.stored.columns import Columns, Floats
from recipe_sweep.trainers.data.stored.discrete_actions import one_hot_actions
from recipe_sweep.trainers.environments.registry import available_tasks, make_environment
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import FloatArray, RecoverableEnvironment, TaskSpec

AT_ONCE = 250
"""Transitions that are stepped side by side."""
TOLERANCE = 1e-3
"""Largest error that does not count as deviating. Observations are stored as float32, so the recovered state is off by about
1e-7 of its size. Stiff contacts magnify that a thousandfold. A wrong integrator, reward or order of actuators is off by far
more."""
REWARD_TOLERANCE = {"2ant": 0.2}
"""Larger tolerances by task. Ant's reward depends on where the simulator last placed the torso, which is not fully observed."""


class Replay:
    """Plays transitions again and keeps the largest error of each, relative if the stored number is above 1."""

    def __init__(self, environment: RecoverableEnvironment) -> None:
        self._environment = environment
        self._transitions = 0
        self._observation_errors: list[NDArray[np.float64]] = []
        self._reward_errors: list[NDArray[np.float64]] = []

    @classmethod
    def on(cls, spec: TaskSpec) -> Replay | None:
        """Make a replay on the task's simulator; None if the simulator cannot be put into an observed state."""
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
        paid: NDArray[np.bool_] | None = None,
    ) -> None:
        """Play M transitions: observations (M, N, O), actions (M, N, A), rewards (M, N), following observations (M, N, O).

        Following observations are compared if `known` (M,), rewards if `paid` (M,; default: all). Both are compared only if the
        observations determine the whole state.
        """
        paid = np.ones(len(rewards), np.bool_) if paid is None else paid
        for first in range(0, len(rewards), AT_ONCE):
            chunk = np.arange(first, min(first + AT_ONCE, len(rewards)))
            filled = np.resize(chunk, AT_ONCE)  # the environment has a fixed number of copies
            recovered = self._environment.recover(observations[filled])[: len(chunk)]
            step = self._environment.step(actions[filled])
            self._transitions += len(chunk)
            seen, got = known[chunk] & recovered, paid[chunk] & recovered
            self._observation_errors.append(_errors(step.observations[: len(chunk)], following[chunk])[seen])
            self._reward_errors.append(_errors(step.rewards[: len(chunk)], rewards[chunk])[got])

    def result(self) -> ReplayResult:
        """Summarise the errors so far."""
        reward_tolerance = REWARD_TOLERANCE.get(self._environment.spec.name, TOLERANCE)
        return ReplayResult(
            transitions=self._transitions,
            observations=_summary(self._observation_errors, TOLERANCE),
            rewards=_summary(self._reward_errors, reward_tolerance),
        )


def replay_columns(spec: TaskSpec, columns: Columns, transitions: int, clipped: bool) -> ReplayResult | None:
    """Play up to `transitions` stored transitions again, drawn uniformly; None if the task's simulator cannot.

    `clipped` says that actions were clipped when they were stored. Then rewards of transitions with an action at its bound are
    not compared, because the executed action may have differed.
    """
    replay = Replay.on(spec)
    if replay is None:
        return None
    rows = np.arange(len(columns.terminals))
    if len(rows) > transitions:
        rows = np.sort(generator(0, "replay").choice(len(rows), transitions, replace=False))
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        known = ~columns.terminals[some]
        actions = one_hot_actions(spec, columns.actions[some])
        inside = (actions > spec.action_low) & (actions < spec.action_high)
        paid: NDArray[np.bool_] = np.logical_or(inside.reshape(len(some), -1).all(axis=1), not clipped)
        replay.play(columns.observations[some], actions, columns.rewards[some], columns.observations[some + known], known, paid)
    return replay.result()


def _errors(played: FloatArray, stored: FloatArray) -> NDArray[np.float64]:
    """Compute the largest error (M,) of each transition."""
    difference = np.abs(played - stored.astype(np.float64)) / np.maximum(np.abs(stored), 1.0)
    largest: NDArray[np.float64] = difference.reshape(len(difference), -1).max(axis=1)
    return largest


def _summary(parts: list[NDArray[np.float64]], tolerance: float) -> ReplayErrors:
    errors = np.concatenate(parts) if parts else np.empty(0)
    median, upper, largest = np.quantile(errors, (0.5, 0.99, 1.0)) if len(errors) else (0.0, 0.0, 0.0)
    deviating = int((errors > tolerance).sum())
    return ReplayErrors(compared=len(errors), deviating=deviating, median=median, upper=upper, largest=largest)
