"""The robots of gymnasium v5 in numpy: their observations, their rewards, and when they have fallen.

Formulas and constants are gymnasium's (`gymnasium/envs/mujoco/{ant,hopper,half_cheetah}_v5.py`). They are computed for E robots
at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.sums import ordered_sum

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

HORIZON = 1000
"""Steps of an episode in which the robot does not fall."""


class Pose(NamedTuple):
    """Positions and velocities of E robots, and forces on them: gymnasium's `qpos`, `qvel` and `cfrc_ext`."""

    positions: Array
    """(E, P)"""
    velocities: Array
    """(E, V)"""
    forces: Array | None
    """(E, bodies, 6): contact forces, clipped to [-1, 1]; None if they are not computed"""


@dataclass(frozen=True)
class Robot:
    """One robot, as in gymnasium's v5 environment with default arguments.

    `frames` are simulation steps per action. `hidden` is the number of first positions (the robot's place in the world) that no
    policy sees. `normal_velocities` says that the first velocities are drawn from a normal distribution; else they are uniform
    as the positions are. `torso_speed` says that forward speed is measured at the torso, whose place lags one simulation step
    behind the positions. `fallen` is None for a robot that cannot fall.
    """

    asset: str
    actuators: int
    frames: int
    hidden: int
    control_cost: float
    reset_noise: float
    normal_velocities: bool
    torso_speed: bool = False
    velocity_bound: float = np.inf
    upright_bonus: float = 0.0
    contact_cost: float = 0.0
    fallen: Callable[[Pose], Flags] | None = None

    @property
    def name(self) -> str:
        """Name of the robot, e.g. `half_cheetah`."""
        return self.asset.removesuffix(".xml")

    def features(self, pose: Pose) -> Array:
        """Compute gymnasium's observation (E, F): positions without the hidden ones, bounded velocities, any contact forces."""
        velocities = np.clip(pose.velocities, -self.velocity_bound, self.velocity_bound)
        parts = [pose.positions[:, self.hidden :], velocities]
        if pose.forces is not None:
            parts.append(pose.forces[:, 1:].reshape(len(pose.forces), -1))  # without the world, body 0, on which no force acts
        return np.concatenate(parts, axis=1)

    def has_fallen(self, pose: Pose) -> Flags:
        """Find the robots (E,) that are outside the range in which they count as healthy."""
        return np.zeros(len(pose.positions), np.bool_) if self.fallen is None else self.fallen(pose)

    def rewards(self, speeds: Array, controls: Array, pose: Pose, fallen: Flags) -> Array:
        """Compute gymnasium's reward (E,): forward speed + bonus for being upright - costs of controls and contacts."""
        costs = self.control_cost * ordered_sum(np.square(controls))
        if pose.forces is not None:
            costs = costs + self.contact_cost * ordered_sum(np.square(pose.forces).reshape(len(fallen), -1))
        rewards: Array = speeds + self.upright_bonus * ~fallen - costs
        return rewards


def _ant_fallen(pose: Pose) -> Flags:
    height = pose.positions[:, 2]
    finite = np.isfinite(pose.positions).all(axis=1) & np.isfinite(pose.velocities).all(axis=1)
    fallen: Flags = ~(finite & (height >= 0.2) & (height <= 1.0))
    return fallen


def _hopper_fallen(pose: Pose) -> Flags:
    height, angle = pose.positions[:, 1], pose.positions[:, 2]
    moderate = (np.abs(pose.positions[:, 2:]) < 100.0).all(axis=1) & (np.abs(pose.velocities) < 100.0).all(axis=1)
    fallen: Flags = ~(moderate & (height > 0.7) & (np.abs(angle) < 0.2))
    return fallen


ANT = Robot(
    "ant.xml",
    actuators=8,
    frames=5,
    hidden=2,
    control_cost=0.5,
    reset_noise=0.1,
    normal_velocities=True,
    torso_speed=True,
    upright_bonus=1.0,
    contact_cost=5e-4,
    fallen=_ant_fallen,
)
HOPPER = Robot(
    "hopper.xml",
    actuators=3,
    frames=4,
    hidden=1,
    control_cost=1e-3,
    reset_noise=5e-3,
    normal_velocities=False,
    velocity_bound=10.0,
    upright_bonus=1.0,
    fallen=_hopper_fallen,
)
HALF_CHEETAH = Robot(
    "half_cheetah.xml", actuators=6, frames=5, hidden=1, control_cost=0.1, reset_noise=0.1, normal_velocities=True
)
