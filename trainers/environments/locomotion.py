"""Robots that are rewarded for moving forward: E copies of gymnasium's v5 environments side by side, for one agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.mujoco_physics import Physics
from recipe_sweep.trainers.environments.mujoco_robots import HORIZON, Array, Flags, Pose, Robot


class Motion(NamedTuple):
    """Result of one step of E robots. Rewards of robots whose episode was over before are 0."""

    rewards: Array
    """(E,)"""
    fallen: Flags
    """(E,): whether the robot fell at this step"""
    over: Flags
    """(E,): whether the episode is over, at this step or before, by a fall or by the time limit"""


class Locomotion:
    """E episodes of one robot. Episodes that are over are not simulated until they begin again."""

    def __init__(self, robot: Robot, copies: int, contacts: bool = False, threads: int = 1) -> None:
        self.robot = robot
        self.copies = copies
        self._physics = Physics(robot, copies, contacts, threads)
        self._times = np.zeros(copies, np.int64)
        self._over = np.ones(copies, np.bool_)

    def begin(self, generators: Sequence[np.random.Generator], copies: NDArray[np.intp] | None = None) -> None:
        """Begin an episode in each of the copies (default: all), with one generator each."""
        chosen = np.arange(self.copies) if copies is None else copies
        self._physics.reset(chosen, generators)
        self._times[chosen] = 0
        self._over[chosen] = False

    def place(self, features: Array) -> None:
        """Begin every episode in the state with these features (E, F), at the origin of the world."""
        hidden = np.zeros((len(features), self.robot.hidden))
        positions, velocities = np.split(features, [self._physics.pose.positions.shape[1] - self.robot.hidden], axis=1)
        self._physics.place(np.concatenate([hidden, positions], axis=1), velocities)
        self._times[:] = 0
        self._over[:] = False

    @property
    def pose(self) -> Pose:
        """Pose of the robots now. The next step changes the arrays."""
        return self._physics.pose

    @property
    def features(self) -> Array:
        """Observations of gymnasium's environment (E, F)."""
        return self.robot.features(self.pose)

    def step(self, controls: Array) -> Motion:
        """Advance the running episodes by controls (E, U). MuJoCo bounds the torques; the cost uses the unbounded controls."""
        running = ~self._over
        speeds = self._physics.step(np.flatnonzero(running), controls)
        fallen = self.robot.has_fallen(self.pose) & running
        rewards = np.where(running, self.robot.rewards(speeds, controls, self.pose, fallen), 0.0)
        self._times += running
        self._over = self._over | fallen | (self._times >= HORIZON)
        return Motion(rewards, fallen, self._over.copy())
