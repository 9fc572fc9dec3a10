"""What agents see in the published MA-MuJoCo data (OMIGA): all of the robot, z-scored together with who they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.mujoco_robots import Array, Pose, Robot


@dataclass(frozen=True)
class OmigaView:
    """`x_a = concat(x, onehot_N(a))`, less its own mean and divided by its own (population) standard deviation.

    x are gymnasium's features and `silent` zeros, the contact forces that MuJoCo reported no more when the data were made.
    """

    agents: int
    silent: int = 0

    def observe(self, robot: Robot, pose: Pose) -> Array:
        """Observations (E, N, F + silent + N) of a robot in a pose."""
        return self.normalise(robot.features(pose))

    def normalise(self, features: Array) -> Array:
        """Observations (E, N, F + silent + N) of features (E, F)."""
        copies, count = features.shape
        width = count + self.silent + self.agents
        # One entry of 1 and the zeros, wherever they stand: mean and deviation are the same for all agents.
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
        """The features (E, F) that were normalised into observations (E, N, O), as exactly as their type keeps them.

        The one-hot entries were 1 and 0, and so tell the deviation, `1 / (v1 - v0)`, and the mean, `-v0` deviations.
        Needs at least two agents.
        """
        first = observations[:, 0].astype(np.float64)
        one, zero = first[:, -self.agents, None], first[:, -self.agents + 1, None]
        count = first.shape[1] - self.agents - self.silent
        features: Array = (first[:, :count] - zero) / (one - zero)
        return features
