"""Teams of agents that drive one robot: the environment behind every task of mujoco_tasks.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.locomotion import Locomotion
from recipe_sweep.trainers.environments.mujoco_robots import Array, Pose
from recipe_sweep.trainers.environments.mujoco_tasks import MujocoTask
from recipe_sweep.trainers.environments.omiga_view import OmigaView
from recipe_sweep.trainers.task import FloatArray, Transition


class MaMujoco:
    """E copies of a MuJoCo task. Episodes end at different times. Episodes that are over are not simulated; their reward is 0.

    Actions out of bounds have the same effect as in gymnasium: torques are bounded, but the control cost is not.
    """

    def __init__(self, task: MujocoTask, copies: int, threads: int = 1) -> None:
        self.spec = task.spec
        self._task = task
        self._locomotion = Locomotion(task.robot, copies, task.contacts, threads)

    def reset(self, generators: Sequence[np.random.Generator], copies: NDArray[np.intp] | None = None) -> FloatArray:
        """Start an episode in each of the copies (default: all), with one generator each. Return all observations (E, N, O)."""
        self._locomotion.begin(generators, copies)
        return self._observe()

    def step(self, actions: FloatArray) -> Transition:
        """Advance every copy whose episode is not over by actions (E, N, A)."""
        motion = self._locomotion.step(self._task.controls(actions))
        return Transition(self._observe(), self._task.rewards(motion.rewards, motion.fallen), motion.over)

    def state(self) -> Array:
        """Return the state of every copy (E, S): the observation of gymnasium's environment."""
        return self._locomotion.features

    @property
    def pose(self) -> Pose:
        """Pose of the robots now. The next step changes the arrays."""
        return self._locomotion.pose

    def _observe(self) -> Array:
        return self._task.view.observe(self._task.robot, self._locomotion.pose)


class OmigaMujoco(MaMujoco):
    """A MuJoCo task whose agents see the whole robot, so that stored transitions can be played again."""

    def __init__(self, task: MujocoTask, view: OmigaView, copies: int, threads: int = 1) -> None:
        super().__init__(task, copies, threads)
        self._view = view

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the state of observations (E, N, O), up to the precision of their type.

        The robot's place in the world is not observed and has no effect: it is put at the origin. Return for which copies (E,)
        the rest of the state is observed. It is not if a velocity is at its bound (Hopper: 10).
        """
        features = self._view.features(observations)
        self._locomotion.place(features)
        seen = np.abs(self._locomotion.pose.velocities) < self._task.robot.velocity_bound * (1.0 - 1e-4)
        recovered: NDArray[np.bool_] = np.logical_and.reduce(seen, axis=1, dtype=np.bool_)
        return recovered


def make_mujoco(task: MujocoTask, copies: int, threads: int = 1) -> MaMujoco:
    """Make `copies` environments of a task, simulated on `threads` threads."""
    if isinstance(task.view, OmigaView):
        return OmigaMujoco(task, task.view, copies, threads)
    return MaMujoco(task, copies, threads)
