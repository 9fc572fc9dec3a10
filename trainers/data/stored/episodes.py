"""Datasets from elsewhere as columns: whole episodes, as Minari and most collectors have them, and what columns must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import DataError
from recipe_sweep.trainers.data.stored.columns import Columns, Floats, column_layout, state_is_observed
from recipe_sweep.trainers.task import TaskSpec


class Episode(NamedTuple):
    """One episode of T steps, from its start to its end."""

    observations: ArrayLike
    """(T + 1, N, O) with the last one, as in Minari, or (T, N, O)"""
    actions: ArrayLike
    """(T, N, A): as executed; one-hot where actions are discrete"""
    rewards: ArrayLike
    """(T, N), or (T,) where all agents share one"""
    states: ArrayLike | None = None
    """(T, S) or (T + 1, S); not needed where the observations tell the state (`state_is_observed`)"""


def columns_from_episodes(spec: TaskSpec, episodes: Iterable[Episode]) -> Columns:
    """Put episodes behind each other as columns; each is taken to have ended at its last step, by its time limit or otherwise.

    Raises DataError, naming the episode, where shapes do not fit each other.
    """
    parts = [_part(spec, number, episode) for number, episode in enumerate(episodes)]
    if not parts:
        raise DataError(Problem(key="episodes", found="none", expected="at least one episode"))
    with_states = {part.states is not None for part in parts}
    if len(with_states) > 1:
        raise DataError(Problem(key="states", found="some episodes with states, some without", expected="all or none"))
    return Columns(
        observations=np.concatenate([part.observations for part in parts]),
        actions=np.concatenate([part.actions for part in parts]),
        rewards=np.concatenate([part.rewards for part in parts]),
        terminals=np.concatenate([part.terminals for part in parts]),
        states=np.concatenate([part.states for part in parts if part.states is not None]) if True in with_states else None,
    )


def _part(spec: TaskSpec, number: int, episode: Episode) -> Columns:
    actions = np.asarray(episode.actions, np.float32)
    steps = len(actions)
    rewards = np.asarray(episode.rewards, np.float32)
    if rewards.ndim == 1:
        rewards = np.repeat(rewards[:, None], spec.n_agents, axis=1)
    observations = np.asarray(episode.observations, np.float32)
    states = None if episode.states is None else np.asarray(episode.states, np.float32)
    problems = []
    for name, values, lengths in (
        ("observations", observations, (steps, steps + 1)),
        ("rewards", rewards, (steps,)),
        ("states", states, (steps, steps + 1)),
    ):
        if steps == 0 or (values is not None and len(values) not in lengths):
            found = f"{0 if values is None else len(values)} rows with {steps} actions"
            expected = f"{' or '.join(map(str, lengths))} rows, and at least one action"
            problems.append(Problem(key=f"episode {number}, {name}", found=found, expected=expected))
    if problems:
        raise DataError(*problems)
    terminals = np.zeros(steps, np.bool_)
    terminals[-1] = True
    return Columns(observations[:steps], actions, rewards, terminals, None if states is None else states[:steps])


def check_columns(spec: TaskSpec, columns: Columns, name: str) -> Columns:
    """The columns, of the types that are stored; raises DataError with all that keeps them from being a dataset of the task."""
    stored = Columns(
        observations=_stored(columns.observations),
        actions=_stored(columns.actions),
        rewards=_stored(columns.rewards),
        terminals=np.asarray(columns.terminals, np.bool_),
        states=None if columns.states is None else _stored(columns.states),
    )
    if problems := tuple(_problems(spec, stored, name)):
        raise DataError(*problems)
    return stored


def _stored(values: ArrayLike) -> Floats:
    return np.ascontiguousarray(values, np.float32)


def _problems(spec: TaskSpec, columns: Columns, name: str) -> Iterator[Problem]:
    with_states = columns.states is not None or not state_is_observed(spec)
    layout = column_layout(spec, len(columns.terminals), with_states)
    for column, (dtype, shape) in layout.items():
        values: NDArray[np.generic] | None = getattr(columns, column)
        found = "nothing" if values is None else f"{values.dtype.str} {values.shape}"
        if found != f"{dtype} {shape}":
            yield Problem(file=name, key=column, found=found, expected=f"{dtype} {shape} for {spec.name}")
        elif values is not None and values.dtype.kind == "f" and not np.isfinite(values).all():
            yield Problem(file=name, key=column, found="NaN or infinite numbers", expected="finite numbers")
    if not len(columns.terminals) or not columns.terminals[-1]:
        yield Problem(file=name, key="terminals", found="a last row that ends no episode", expected="whole episodes")
    yield from _wrong_actions(spec, columns.actions, name)


def _wrong_actions(spec: TaskSpec, actions: NDArray[np.float32], name: str) -> Iterator[Problem]:
    if spec.discrete:
        if not (np.isin(actions, (0.0, 1.0)).all() and (actions.sum(axis=-1) == 1.0).all()):
            yield Problem(
                file=name, key="actions", found="rows that are not one-hot", expected="one-hot rows: actions are discrete"
            )
    elif outside := int(((actions < spec.action_low) | (actions > spec.action_high)).sum()):
        found = f"{outside:,} components outside, up to {np.abs(actions).max():.4g}"
        expected = f"actions in [{spec.action_low:g}, {spec.action_high:g}], as they were executed"
        yield Problem(file=name, key="actions", found=found, expected=expected)
