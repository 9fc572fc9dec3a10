"""Where the parts of a robot are in a pose, so that it can be drawn without a renderer."""

from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np

from recipe_sweep.trainers.environments.mujoco_physics import load_model
from recipe_sweep.trainers.environments.mujoco_robots import Array, Robot

_FLOOR = 0


class Limbs(NamedTuple):
    """The G round parts of a robot in T poses, in metres. A ball is a rod whose ends are one point."""

    ends: Array
    """(T, G, 2, 3): both ends of each rod"""
    radii: Array
    """(G,)"""
    torso: Array
    """(T, 3): the torso's place"""


def limbs(robot: Robot, positions: Array) -> Limbs:
    """Compute the parts of a robot at positions (T, P), gymnasium's `qpos`."""
    model = load_model(robot)
    data = mujoco.MjData(model)
    parts = np.flatnonzero(np.arange(model.ngeom) != _FLOOR)
    radii, halves = model.geom_size[parts, 0].copy(), np.where(_is_rod(model)[parts], model.geom_size[parts, 1], 0.0)
    ends, torso = np.empty((len(positions), len(parts), 2, 3)), np.empty((len(positions), 3))
    for time, pose in enumerate(positions):
        data.qpos[:] = pose
        mujoco.mj_kinematics(model, data)
        along = data.geom_xmat.reshape(-1, 3, 3)[parts, :, 2] * halves[:, None]
        ends[time] = np.stack([data.geom_xpos[parts] - along, data.geom_xpos[parts] + along], axis=1)
        torso[time] = data.xpos[1]
    return Limbs(ends, radii, torso)


def _is_rod(model: mujoco.MjModel) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray(model.geom_type == int(mujoco.mjtGeom.mjGEOM_CAPSULE))
