"""The drawing of each kind of task. A new one is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable

from recipe_sweep.trainers.environments import spread, two_step
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS, MujocoTask
from recipe_sweep.trainers.play.base import Drawing
from recipe_sweep.trainers.play.plain_numbers import NumbersDrawing
from recipe_sweep.trainers.play.robots import RobotDrawing
from recipe_sweep.trainers.play.spread import SpreadDrawing
from recipe_sweep.trainers.play.two_step import TwoStepDrawing


def _robot(task: MujocoTask) -> Callable[[], Drawing]:
    return lambda: RobotDrawing(task)


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    spread.SPEC.name: SpreadDrawing,
    two_step.SPEC.name: TwoStepDrawing,
    **{name: _robot(task) for name, task in MUJOCO_TASKS.items()},
}
"""Drawings by task. A task that is not here, such as a plugin's, is drawn as numbers."""


def drawing_of(task: str) -> Drawing:
    """Return the drawing of a task."""
    return DRAWINGS.get(task, NumbersDrawing)()
