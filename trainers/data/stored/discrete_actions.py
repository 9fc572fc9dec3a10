"""Discrete actions in their two forms, one-hot and numbers, and a check of numbers and of legal actions.

Tasks without illegal actions store one-hot floats. Masked tasks store numbers, and beside them a byte for each legal action.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import DataError
from recipe_sweep.trainers.data.stored.columns import Bytes, Columns
from recipe_sweep.trainers.task import TaskSpec

MOST_MASKED_ACTIONS = 256
"""Most actions of a masked task, because the number of an action is stored as a byte."""

_ROWS_AT_ONCE = 65_536


def one_hot_actions(spec: TaskSpec, actions: NDArray[Any]) -> NDArray[Any]:
    """Return stored actions as environments execute them, (T, N, A): numbers (T, N) become one-hot."""
    if not spec.masked:
        return actions
    one_hot: NDArray[np.float32] = np.eye(spec.action_dim, dtype=np.float32)[actions]
    return one_hot


def in_stored_form(spec: TaskSpec, actions: NDArray[Any]) -> NDArray[Any]:
    """Convert discrete actions, one-hot (T, N, A) or numbers (T, N), to the form that the task stores.

    Actions of another shape are returned as they are. Raises DataError for numbers that are no actions, and for rows that are
    not one-hot where numbers are stored.
    """
    if actions.shape[1:] == (spec.n_agents,):
        if spec.masked and actions.dtype == np.uint8 and not _strange(spec, actions).any():
            return actions
        numbers = _numbers(spec, actions)
        return numbers if spec.masked else np.eye(spec.action_dim, dtype=np.float32)[numbers]
    if spec.masked and actions.shape[1:] == (spec.n_agents, spec.action_dim):
        if not is_one_hot(actions):
            raise DataError(Problem(found="rows that are not one-hot", expected="one-hot rows, or the actions' numbers"))
        return np.asarray(actions.argmax(axis=-1), np.uint8)
    return actions


def is_one_hot(actions: NDArray[Any]) -> bool:
    """Tell whether every row (*, A) has a single 1 and else zeros."""
    return bool(np.isin(actions, (0.0, 1.0)).all() and (actions.sum(axis=-1) == 1.0).all())


def as_legals(legals: NDArray[Any]) -> Bytes:
    """Convert legal actions to bytes. Raises DataError if one is neither 0 nor 1."""
    if not np.isin(legals, (0, 1)).all():
        raise DataError(Problem(found="values other than 0 and 1", expected="1 for a legal action, 0 for an illegal one"))
    return np.ascontiguousarray(legals, np.uint8).reshape(legals.shape)


def wrong_actions_of_a_masked_task(spec: TaskSpec, columns: Columns, name: str) -> Iterator[Problem]:
    """Yield what is wrong in stored numbers and legal actions, which have the task's shapes.

    Every action must exist and be legal. Every legal action is exactly 1, and every illegal one exactly 0.
    """
    assert columns.legals is not None
    high, strange, forbidden = 0, 0, np.zeros(0, np.int64)
    for first in range(0, len(columns.actions), _ROWS_AT_ONCE):
        actions, legals = (column[first : first + _ROWS_AT_ONCE] for column in (columns.actions, columns.legals))
        unknown = _strange(spec, actions)
        high += int(unknown.sum())
        strange += int((legals > 1).sum())
        taken = np.take_along_axis(legals, np.where(unknown, 0, actions)[..., None].astype(np.intp), axis=-1)[..., 0]
        rows = np.flatnonzero(((taken != 1) & ~unknown).any(axis=-1))
        forbidden = np.concatenate([forbidden, rows + first])
    if high:
        expected = f"numbers from 0 to {spec.action_dim - 1} for {spec.name}"
        yield Problem(file=name, key="actions", found=f"{high:,} numbers of no action", expected=expected)
    if strange:
        yield Problem(file=name, key="legals", found=f"{strange:,} bytes above 1", expected="1 for a legal action, else 0")
    elif forbidden.size:
        found = f"illegal actions in {forbidden.size:,} of {len(columns.actions):,} rows, first in row {forbidden[0]:,}"
        yield Problem(file=name, key="actions", found=found, expected="actions that `legals` of the same row allows")


def _numbers(spec: TaskSpec, actions: NDArray[Any]) -> Bytes:
    """Convert numbers to bytes. Raises DataError if one is no action."""
    if wrong := int(_strange(spec, actions).sum()):
        expected = f"whole numbers from 0 to {spec.action_dim - 1}, or one-hot rows"
        raise DataError(Problem(found=f"{wrong:,} values that are the number of no action", expected=expected))
    return actions.astype(np.uint8)


def _strange(spec: TaskSpec, numbers: NDArray[Any]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        strange: NDArray[np.bool_] = ~((numbers >= 0) & (numbers < spec.action_dim) & (numbers == np.floor(numbers)))
    return strange
