"""Rollouts of a policy while it learns: 32 robots side by side; each begins a new episode as soon as its episode ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.trainers.behaviour.policy import FEATURE_BOUND, Policy
from recipe_sweep.trainers.behaviour.running import RunningMoments
from recipe_sweep.trainers.behaviour.settings import Settings
from recipe_sweep.trainers.environments.locomotion import Locomotion
from recipe_sweep.trainers.environments.mujoco_robots import Array, Flags, Robot
from recipe_sweep.trainers.randomness import generator


class Rollout(NamedTuple):
    """H steps of E robots. Rewards are divided by the standard deviation of discounted returns, as the learner needs them."""

    features: Array
    """(H, E, F): not standardised"""
    actions: Array
    """(H, E, U): before clipping"""
    rewards: Array
    """(H, E)"""
    fallen: Flags
    """(H, E): whether the robot fell, so that its episode has no next step"""
    over: Flags
    """(H, E): whether the next row begins another episode"""
    following: Array
    """(H, E, F): features after the step, before any new episode begins"""


class Player:
    """Continues from where the last rollout ended. Every random number comes from (seed, purpose, index)."""

    def __init__(self, robot: Robot, task: str, seed: int, settings: Settings) -> None:
        self._locomotion = Locomotion(robot, settings.copies)
        self._stream = (seed, "behaviour", task)
        self._settings = settings
        self._episodes = 0
        self._rollouts = 0
        self._returns = np.zeros(settings.copies)
        self._discounted = np.zeros(settings.copies)
        self._reward_moments = RunningMoments(1)
        self.finished: list[float] = []
        """Returns of the episodes that ended since this list was last emptied"""
        self._begin(np.arange(settings.copies))

    def play(self, policy: Policy) -> Rollout:
        """Play `horizon` steps of every robot."""
        steps, copies = self._settings.horizon, self._settings.copies
        noise = generator(*self._stream, "noise", self._rollouts).standard_normal((steps, copies, len(policy.log_std)))
        self._rollouts += 1
        layers = tuple(layer.astype(np.float64) for layer in policy)
        rows = []
        discounted = np.empty((steps, copies))
        for step in range(steps):
            features = self._locomotion.features
            actions = _mu(layers, features) + policy.std * noise[step]
            motion = self._locomotion.step(np.clip(actions, -1.0, 1.0))
            following = self._locomotion.features
            rows.append((features, actions, motion.rewards, motion.fallen, motion.over, following))
            self._returns += motion.rewards
            self._discounted = self._settings.gamma * self._discounted + motion.rewards
            discounted[step] = self._discounted
            if motion.over.any():
                self._begin(np.flatnonzero(motion.over))
        rollout = Rollout(*(np.stack(column) for column in zip(*rows, strict=True)))
        self._reward_moments.update(discounted.reshape(-1, 1))
        return rollout._replace(rewards=rollout.rewards / self._reward_moments.std[0])

    def _begin(self, copies: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        if self._episodes:
            self.finished += self._returns[copies].tolist()
        numbers = range(self._episodes, self._episodes + len(copies))
        self._episodes += len(copies)
        self._locomotion.begin([generator(*self._stream, "start", number) for number in numbers], copies)
        self._returns[copies] = self._discounted[copies] = 0.0


def _mu(layers: tuple[Array, ...], features: Array) -> Array:
    """Compute `Policy.mu` from a policy's arrays, faster; results are the same up to the order of sums."""
    centre, spread, w1, b1, w2, b2, w3, b3, _ = layers
    standardised = np.clip((features - centre) / spread, -FEATURE_BOUND, FEATURE_BOUND)
    hidden = np.tanh(np.tanh(standardised @ w1 + b1) @ w2 + b2)
    controls: Array = hidden @ w3 + b3
    return controls
