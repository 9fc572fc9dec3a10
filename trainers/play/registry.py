"""The drawing of each kind of task. A new one is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable

from recipe_sweep.search_spaces.point import environment_name
from recipe_sweep.search_spaces.vocabulary import Chance
from recipe_sweep.trainers.environments import spread, two_step
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS, MujocoTask
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, Battle
from recipe_sweep.trainers.play.base import Drawing
from recipe_sweep.trainers.play.plain_numbers import NumbersDrawing
from recipe_sweep.trainers.play.robots import RobotDrawing
from recipe_sweep.trainers.play.skirmish import SkirmishDrawing
from recipe_sweep.trainers.play.spread import SpreadDrawing
from recipe_sweep.trainers.play.two_step import TwoStepDrawing


def _robot(task: MujocoTask) -> Callable[[], Drawing]:
    return lambda: RobotDrawing(task)


def _battle(battle: Battle, chance: Chance) -> Callable[[], Drawing]:
    return lambda: SkirmishDrawing(battle, chance)


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    spread.SPEC.name: SpreadDrawing,
    two_step.SPEC.name: TwoStepDrawing,
    **{name: _robot(task) for name, task in MUJOCO_TASKS.items()},
    **{name: _battle(battle, Chance.FULL) for name, battle in BATTLES.items()},
}
"""Drawings by task. A task that is not here, such as a plugin's, is drawn as numbers."""


_WITH_FIXED_CHANCE = {environment_name(name, Chance.FIXED): _battle(battle, Chance.FIXED) for name, battle in BATTLES.items()}
"""Drawings of environments that no task is named after."""


def drawing_of(environment: str) -> Drawing:
    """Return the drawing of a task, or of a point's environment."""
    return DRAWINGS.get(environment, _WITH_FIXED_CHANCE.get(environment, NumbersDrawing))()
