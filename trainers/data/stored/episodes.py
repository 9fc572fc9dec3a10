"""Columns from whole episodes, the form that Minari and most collectors use, and a check of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import DataError
from recipe_sweep.trainers.data.stored.columns import Columns, Floats, column_layout, state_is_observed
from recipe_sweep.trainers.data.stored.discrete_actions import (
    as_legals,
    in_stored_form,
    is_one_hot,
    wrong_actions_of_a_masked_task,
)
from recipe_sweep.trainers.task import TaskSpec

_KEYS_SHOWN = 8


class Episode(NamedTuple):
    """One episode of T steps, from its start to its end."""

    observations: ArrayLike
    """(T + 1, N, O) with the observation after the last step, as in Minari, or (T, N, O)"""
    actions: ArrayLike
    """(T, N, A): the actions that were executed. Discrete actions are one-hot, or (T, N) numbers from 0 on"""
    rewards: ArrayLike
    """(T, N), or (T,) if all agents share one reward"""
    states: ArrayLike | None = None
    """(T, S) or (T + 1, S); not needed if the observations contain the state (`state_is_observed`)"""
    legals: ArrayLike | None = None
    """(T, N, A) or (T + 1, N, A): 1 for an action that was legal before the step, else 0. Only masked tasks have it"""


def columns_from_episodes(spec: TaskSpec, episodes: Iterable[Episode]) -> Columns:
    """Concatenate episodes into columns. Every episode ends at its last step, by its time limit or otherwise.

    Raises DataError with the episode's number if shapes do not fit each other.
    """
    parts = [_part(spec, number, episode) for number, episode in enumerate(episodes)]
    if not parts:
        raise DataError(Problem(key="episodes", found="none", expected="at least one episode"))
    with_states = {part.states is not None for part in parts}
    if len(with_states) > 1:
        raise DataError(Problem(key="states", found="some episodes with states, some without", expected="all or none"))
    legals = [part.legals for part in parts if part.legals is not None]
    return Columns(
        observations=np.concatenate([part.observations for part in parts]),
        actions=np.concatenate([part.actions for part in parts]),
        rewards=np.concatenate([part.rewards for part in parts]),
        terminals=np.concatenate([part.terminals for part in parts]),
        states=np.concatenate([part.states for part in parts if part.states is not None]) if True in with_states else None,
        legals=np.concatenate(legals) if legals else None,
    )


def _part(spec: TaskSpec, number: int, episode: Episode) -> Columns:
    name = f"episode {number}"
    if not all(hasattr(episode, field) for field in ("observations", "actions", "rewards")):
        raise DataError(Problem(key=name, found=described(episode), expected="an Episode of observations, actions and rewards"))
    problems: list[Problem] = []
    if episode.legals is not None and not spec.masked:
        problems.append(_unasked_legals(spec, f"{name}, legals"))
    arrays: dict[str, NDArray[Any]] = {}
    for column, shape in _row_shapes(spec).items():
        values = getattr(episode, column, None)
        if values is None and column == "states":
            continue
        try:
            array = _converted(spec, column, values)
        except DataError as error:
            problems += (replace(problem, key=f"{name}, {column}") for problem in error.problems)
            continue
        if column == "rewards" and array.ndim == 1:
            array = np.repeat(array[:, None], spec.n_agents, axis=1)
        if array.shape[1:] != shape or array.ndim == 0:
            expected = f"shape ({', '.join(['T', *map(str, shape)])}) for {spec.name}"
            problems.append(Problem(key=f"{name}, {column}", found=f"shape {array.shape}", expected=expected))
            continue
        arrays[column] = array
    if "actions" in arrays:
        problems += _wrong_lengths(name, arrays)
    if problems:
        raise DataError(*problems)
    steps, states, legals = len(arrays["actions"]), arrays.get("states"), arrays.get("legals")
    terminals = np.zeros(steps, np.bool_)
    terminals[-1] = True
    return Columns(
        observations=arrays["observations"][:steps],
        actions=arrays["actions"],
        rewards=arrays["rewards"],
        terminals=terminals,
        states=None if states is None else states[:steps],
        legals=None if legals is None else legals[:steps],
    )


def _unasked_legals(spec: TaskSpec, key: str, file: str | None = None) -> Problem:
    return Problem(file, key=key, found="legal actions", expected=f"none, because {spec.name} is not masked")


def _row_shapes(spec: TaskSpec) -> dict[str, tuple[int, ...]]:
    """List the shape of one row of each column of an episode."""
    shapes: dict[str, tuple[int, ...]] = {
        "observations": (spec.n_agents, spec.obs_dim),
        "actions": (spec.n_agents,) if spec.masked else (spec.n_agents, spec.action_dim),
        "rewards": (spec.n_agents,),
        "states": (spec.state_dim,),
    }
    return shapes | ({"legals": (spec.n_agents, spec.action_dim)} if spec.masked else {})


def _converted(spec: TaskSpec, column: str, values: object) -> NDArray[Any]:
    """Convert a column to its stored type. Raises DataError if that is impossible."""
    if column == "terminals":
        return _flags(values)
    if column == "legals" or (column == "actions" and spec.discrete):
        given = _real_numbers(values)
        return as_legals(given) if column == "legals" else _actions(spec, given)
    return as_floats(values)


def _actions(spec: TaskSpec, given: NDArray[Any]) -> NDArray[Any]:
    stored = in_stored_form(spec, given)
    return stored if spec.masked else as_floats(stored)


def _wrong_lengths(name: str, arrays: Mapping[str, NDArray[Any]]) -> Iterator[Problem]:
    steps = len(arrays["actions"])
    longer = (steps, steps + 1)
    for column, lengths in (("observations", longer), ("rewards", (steps,)), ("states", longer), ("legals", longer)):
        if column in arrays and (steps == 0 or len(arrays[column]) not in lengths):
            found = f"{len(arrays[column])} rows with {steps} actions"
            expected = f"{' or '.join(map(str, lengths))} rows, and at least one action"
            yield Problem(key=f"{name}, {column}", found=found, expected=expected)


def check_columns(spec: TaskSpec, columns: object, name: str) -> Columns:
    """Check columns and convert them to the stored types. Raises DataError with all mistakes at once."""
    needed, optional = ("observations", "actions", "rewards", "terminals"), ("states", "legals")
    if not all(hasattr(columns, field) for field in needed):
        expected = "Columns of observations, actions, rewards and terminals; `columns_from_episodes` makes them"
        raise DataError(Problem(file=name, found=described(columns), expected=expected))
    problems: list[Problem] = []
    arrays: dict[str, NDArray[Any] | None] = dict.fromkeys(optional)
    for column in (*needed, *optional):
        values = getattr(columns, column, None)
        if values is None and column in optional:
            continue
        try:
            arrays[column] = _converted(spec, column, values)
        except DataError as error:
            problems += (replace(problem, file=name, key=column) for problem in error.problems)
    if problems:
        raise DataError(*problems)
    stored = Columns(**arrays)  # type: ignore[arg-type]
    if problems := list(_problems(spec, stored, name)):
        raise DataError(*problems)
    return stored


def described(value: object) -> str:
    """Describe a value in words, with the keys of a mapping or the shape of an array."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        keys = [repr(key) for key in value]
        more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
        return f"a {type(value).__name__} with the keys {', '.join(keys[:_KEYS_SHOWN])}{more}" if keys else "an empty mapping"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return f"a {type(value).__name__}" + ("" if shape is None else f" of {dtype} {tuple(shape)}")


def as_floats(values: object) -> Floats:
    """Convert numbers to the stored type. Raises DataError if the values are no array of real numbers."""
    found = described(values)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "biufO" and not isinstance(values, Mapping | None):
            with np.errstate(over="ignore"):  # A later check reports numbers that become infinite.
                return np.ascontiguousarray(array, np.float32).reshape(array.shape)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        found = f"{found}: {' '.join(str(error).split())}"
    raise DataError(Problem(found=found, expected="an array of real numbers"))


def _real_numbers(values: object) -> NDArray[Any]:
    """Take whole numbers as they are, and convert others to floats. Raises DataError if they are no array of real numbers."""
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    return np.asarray(values) if kind in ("b", "u", "i") else as_floats(values)


def _flags(values: object) -> NDArray[np.bool_]:
    """Convert flags to the stored type. Raises DataError if the values are not one flag for each row."""
    array = as_floats(values)
    if array.ndim != 1 or not np.isin(array, (0.0, 1.0)).all():
        raise DataError(Problem(found=f"{described(values)}, shape {array.shape}", expected="shape (T,), each true or false"))
    return array.astype(np.bool_)


def _problems(spec: TaskSpec, columns: Columns, name: str) -> Iterator[Problem]:
    with_states = columns.states is not None or not state_is_observed(spec)
    layout = column_layout(spec, len(columns.terminals), with_states)
    for column, (dtype, shape) in layout.items():
        values: NDArray[np.generic] | None = getattr(columns, column)
        found = "nothing" if values is None else f"{values.dtype.str} {values.shape}"
        if found != f"{dtype} {shape}":
            yield Problem(file=name, key=column, found=found, expected=f"{dtype} {shape} for {spec.name}")
        elif values is not None and values.dtype.kind == "f" and (rows := _rows_not_finite(values)).size:
            found = f"NaN or infinite numbers in {rows.size:,} of {len(values):,} rows, first in row {rows[0]:,}"
            yield Problem(file=name, key=column, found=found, expected="finite numbers")
    if not len(columns.terminals) or not columns.terminals[-1]:
        yield Problem(file=name, key="terminals", found="a last row that ends no episode", expected="whole episodes")
    if columns.legals is not None and not spec.masked:
        yield _unasked_legals(spec, "legals", name)
    if columns.actions.shape == layout["actions"][1]:
        if not spec.masked:
            yield from _wrong_actions(spec, columns.actions, name)
        elif columns.legals is not None and columns.legals.shape == layout["legals"][1]:
            yield from wrong_actions_of_a_masked_task(spec, columns, name)


def _rows_not_finite(values: NDArray[Any]) -> NDArray[np.intp]:
    return np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))


def _wrong_actions(spec: TaskSpec, actions: NDArray[np.float32], name: str) -> Iterator[Problem]:
    if spec.discrete:
        if not is_one_hot(actions):
            yield Problem(
                file=name, key="actions", found="rows that are not one-hot", expected="one-hot rows: actions are discrete"
            )
    elif outside := int(((actions < spec.action_low) | (actions > spec.action_high)).sum()):
        found = f"{outside:,} components outside, up to {np.abs(actions).max():.4g}"
        expected = f"actions in [{spec.action_low:g}, {spec.action_high:g}], as they were executed"
        yield Problem(file=name, key="actions", found=found, expected=expected)
