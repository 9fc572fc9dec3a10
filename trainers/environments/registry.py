"""Which environments there are: a task is one file beside this one and one line here."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

from search_spaces.errors import Problem, UserInputError
from search_spaces.plugins import load_plugins
from search_spaces.tasks import TASKS
from trainers.environments import spread, two_step
from trainers.task import BatchedEnvironment, TaskSpec


class UnknownTaskError(UserInputError):
    """No environment has this task's name, or the task is named in the design space but has no environment yet."""


class _Entry(NamedTuple):
    spec: TaskSpec
    make: Callable[[int], BatchedEnvironment]


_ENVIRONMENTS = {
    entry.spec.name: entry
    for entry in (
        _Entry(spread.SPEC, spread.Spread),
        _Entry(two_step.SPEC, two_step.TwoStep),
    )
}


def add_environment(spec: TaskSpec, make: Callable[[int], BatchedEnvironment]) -> None:
    """Make a plugin's environment known; its name was found free when its task was registered."""
    _ENVIRONMENTS[spec.name] = _Entry(spec, make)


def available_tasks() -> tuple[str, ...]:
    """Names of the tasks that can be evaluated, sorted."""
    load_plugins()
    return tuple(sorted(_ENVIRONMENTS))


def task_spec(task: str) -> TaskSpec:
    """Shapes and bounds of a task; raises UnknownTaskError."""
    return _entry(task).spec


def make_environment(task: str, copies: int) -> BatchedEnvironment:
    """`copies` environments of a task, stepped in one call; raises UnknownTaskError."""
    return _entry(task).make(copies)


def _entry(task: str) -> _Entry:
    load_plugins()
    if task in _ENVIRONMENTS:
        return _ENVIRONMENTS[task]
    hint: str | None
    if task in TASKS:
        hint = "this task is planned, but its environment is not part of this version"
    else:
        nearest = get_close_matches(task, _ENVIRONMENTS, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else None
    raise UnknownTaskError(Problem(key="task", found=repr(task), expected=f"one of {', '.join(available_tasks())}", hint=hint))
