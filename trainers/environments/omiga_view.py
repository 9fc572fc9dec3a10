"""Observations in the published MA-MuJoCo data (OMIGA): the whole robot and the agent's number, standardised together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.mujoco_robots import Array, Pose, Robot


@dataclass(frozen=True)
class OmigaView:
    """`x_a = concat(x, onehot_N(a))`, minus its own mean and divided by its own (population) standard deviation.

    x are gymnasium's features and `silent` zeros. The zeros are contact forces, which MuJoCo no longer reported when the data
    were made.
    """

    agents: int
    silent: int = 0

    def observe(self, robot: Robot, pose: Pose) -> Array:
        """Compute observations (E, N, F + silent + N) of a robot in a pose."""
        return self.normalise(robot.features(pose))

    def normalise(self, features: Array) -> Array:
        """Compute observations (E, N, F + silent + N) from features (E, F)."""
        copies, count = features.shape
        width = count + self.silent + self.agents
        # Mean and deviation are the same for all agents, because only the place of the one-hot's 1 differs.
        mean = (features.sum(axis=1) + 1.0) / width
        zeros = width - count - 1
        variance = (np.square(features - mean[:, None]).sum(axis=1) + np.square(1.0 - mean) + zeros * np.square(mean)) / width
        deviation = np.sqrt(variance)
        zero = -mean / deviation
        observations = np.empty((copies, self.agents, width))
        observations[:] = zero[:, None, None]
        observations[:, :, :count] = ((features - mean[:, None]) / deviation[:, None])[:, None]
        own = np.arange(self.agents)
        observations[:, own, count + self.silent + own] = ((1.0 - mean) / deviation)[:, None]
        return observations

    def features(self, observations: NDArray[np.floating]) -> Array:
        """Compute the features (E, F) from observations (E, N, O), up to the precision of their type.

        The one-hot entries 1 and 0 became v1 and v0. So the deviation is `1 / (v1 - v0)`, and the mean is `-v0` deviations.
        This needs at least two agents.
        """
        first = observations[:, 0].astype(np.float64)
        one, zero = first[:, -self.agents, None], first[:, -self.agents + 1, None]
        count = first.shape[1] - self.agents - self.silent
        features: Array = (first[:, :count] - zero) / (one - zero)
        return features
