"""The registered environments. A new task is one file beside this one and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.plugins import load_plugins
from recipe_sweep.search_spaces.point import DesignPoint, environment_name
from recipe_sweep.search_spaces.vocabulary import Chance
from recipe_sweep.trainers.environments import smac, spread, two_step
from recipe_sweep.trainers.environments.from_plugins import guarded
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS, MujocoTask
from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, Battle
from recipe_sweep.trainers.task import BatchedEnvironment, TaskSpec


class UnknownTaskError(UserInputError):
    """No environment has this task's name."""


class UnplayableTaskError(UserInputError):
    """The task is known, but its environment does not run here."""


def _nothing_hinders() -> str | None:
    return None


class _Entry(NamedTuple):
    spec: TaskSpec
    make: Callable[[int, int], BatchedEnvironment]
    """Function of (copies, threads)"""
    hindrance: Callable[[], str | None] = _nothing_hinders
    """Function that says why the task cannot be played here, as the end of a sentence; None if it can be played"""


def _mujoco(task: MujocoTask) -> _Entry:
    def make(copies: int, threads: int) -> BatchedEnvironment:
        from recipe_sweep.trainers.environments.ma_mujoco import (
            make_mujoco,  # imported here, so that other tasks do not wait for MuJoCo
        )

        return make_mujoco(task, copies, threads)

    return _Entry(task.spec, make)


def _skirmish(battle: Battle, chance: Chance = Chance.FULL) -> _Entry:
    return _Entry(battle.spec, lambda copies, threads: Skirmish(battle, copies, chance))


def _smac(spec: TaskSpec) -> _Entry:
    def make(copies: int, threads: int) -> BatchedEnvironment:
        raise AssertionError("the game is no package")

    return _Entry(spec, make, lambda: smac.NO_GAME)


_ENVIRONMENTS = {
    entry.spec.name: entry
    for entry in (
        _Entry(spread.SPEC, lambda copies, threads: spread.Spread(copies)),
        _Entry(two_step.SPEC, lambda copies, threads: two_step.TwoStep(copies)),
        *map(_mujoco, MUJOCO_TASKS.values()),
        *map(_skirmish, BATTLES.values()),
        *map(_smac, smac.SPECS),
    )
}
_WITH_FIXED_CHANCE = {environment_name(task, Chance.FIXED): _skirmish(battle, Chance.FIXED) for task, battle in BATTLES.items()}
"""Environments that no task is named after: see DesignPoint.environment."""


def add_environment(spec: TaskSpec, make: Callable[[int], BatchedEnvironment]) -> None:
    """Register a plugin's environment. Registering its task has already checked that the name is free."""
    _ENVIRONMENTS[spec.name] = _Entry(spec, lambda copies, threads: guarded(spec, make, copies))


def available_tasks() -> tuple[str, ...]:
    """List the names of the tasks that can be evaluated, sorted."""
    load_plugins()
    return tuple(sorted(name for name, entry in _ENVIRONMENTS.items() if entry.hindrance() is None))


def require_playable(points: Iterable[DesignPoint]) -> None:
    """Raise UnplayableTaskError with every task that runs want to play although it cannot be played here."""
    load_plugins()
    tasks = sorted({point.task for point in points if point.evaluate.plays} & _ENVIRONMENTS.keys())
    problems = [problem for task in tasks if (problem := _unplayable(_ENVIRONMENTS[task])) is not None]
    if problems:
        raise UnplayableTaskError(*problems)


def is_playable(task: str) -> bool:
    """Tell whether a task can be played here. Raises UnknownTaskError."""
    return _entry(task).hindrance() is None


def task_spec(task: str) -> TaskSpec:
    """Look up shapes and bounds of a task or of a point's environment. Raises UnknownTaskError."""
    return _entry(task).spec


def make_environment(task: str, copies: int, threads: int = 1) -> BatchedEnvironment:
    """Make `copies` environments of a task that step in one call. Raises UnknownTaskError and UnplayableTaskError.

    `threads` may speed up MuJoCo's tasks; it changes no number. `task` may be a point's environment: see DesignPoint.
    """
    entry = _entry(task)
    problem = _unplayable(entry)
    if problem is not None:
        raise UnplayableTaskError(problem)
    return entry.make(copies, threads)


def _unplayable(entry: _Entry) -> Problem | None:
    reason = entry.hindrance()
    if reason is None:
        return None
    expected = "a task that runs here, or `evaluate: none` under `settings`, which trains and keeps losses without a score"
    found = f"{entry.spec.name}, which cannot be played here, because {reason}"
    return Problem(key="task", found=found, expected=expected)


def _entry(task: str) -> _Entry:
    load_plugins()
    if found := _ENVIRONMENTS.get(task, _WITH_FIXED_CHANCE.get(task)):
        return found
    nearest = get_close_matches(task, _ENVIRONMENTS, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else None
    raise UnknownTaskError(
        Problem(key="task", found=repr(task), expected=f"one of {', '.join(sorted(_ENVIRONMENTS))}", hint=hint)
    )
