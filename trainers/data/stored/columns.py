"""Columns of a dataset in memory, and what is computed from them: transitions and returns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.sums import mean_over_agents
from recipe_sweep.trainers.task import TaskSpec

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


class Columns(NamedTuple):
    """Rows in order of time, episode after episode. The last row of an episode has its terminal set.

    Every row is a transition to the next row, unless it is terminal. Time limits are terminals too.
    """

    observations: Floats
    """(T, N, O)"""
    actions: NDArray[Any]
    """(T, N, A): the actions that were executed. A masked task has the number of each agent's action, (T, N)"""
    rewards: Floats
    """(T, N)"""
    terminals: NDArray[np.bool_]
    """(T,)"""
    states: Floats | None = None
    """(T, S), or None if the observations contain the state: see `state_is_observed`"""
    legals: Bytes | None = None
    """(T, N, A) of a masked task: 1 for an action that was legal before the step, else 0. None for other tasks"""


Layout = tuple[str, tuple[int, ...]]
"""Type and shape of a column."""


def column_layout(spec: TaskSpec, rows: int, with_states: bool) -> dict[str, Layout]:
    """List type and shape of each stored column of a task's dataset, by name."""
    layout: dict[str, Layout] = {
        "observations": ("<f4", (rows, spec.n_agents, spec.obs_dim)),
        "actions": ("<f4", (rows, spec.n_agents, spec.action_dim)),
        "rewards": ("<f4", (rows, spec.n_agents)),
        "terminals": ("|b1", (rows,)),
    }
    if spec.masked:
        layout["actions"] = ("|u1", (rows, spec.n_agents))
        layout["legals"] = ("|u1", (rows, spec.n_agents, spec.action_dim))
    if with_states:
        layout["states"] = ("<f4", (rows, spec.state_dim))
    return layout


def state_is_observed(spec: TaskSpec) -> bool:
    """Tell whether a task's states need no column, because the observations contain them.

    A state of width N * O is the agents' observations side by side. A state of width O is the first agent's observation, as in
    OMIGA's MuJoCo tasks, where every agent sees everything.
    """
    return spec.state_dim in (spec.n_agents * spec.obs_dim, spec.obs_dim)


class TransitionIndex(NamedTuple):
    """Transitions as row indices: see `Dataset`."""

    rows: NDArray[np.int64]
    next_rows: NDArray[np.int64]
    mask: Floats


def transition_index(terminals: NDArray[np.bool_], transitions: int) -> TransitionIndex:
    """Number the first `transitions` rows as transitions. The next row of a terminal row is itself, with mask 0."""
    rows = np.arange(transitions, dtype=np.int64)
    ends = np.array(terminals[:transitions])
    return TransitionIndex(rows, rows + ~ends, (~ends).astype(np.float32))


def episode_returns(rewards: Floats, terminals: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return of each episode: the sum over its rows of the mean over agents of rewards (T, N)."""
    starts = np.concatenate(([0], np.flatnonzero(terminals)[:-1] + 1))
    returns: NDArray[np.float64] = np.add.reduceat(mean_over_agents(rewards.astype(np.float64)), starts)
    return returns


def largest_value(rewards: Floats, terminals: NDArray[np.bool_], gamma: float) -> float:
    """Find the largest discounted return from any row to its episode's end. Rewards (T, N) are averaged over agents."""
    return value_range(mean_over_agents(rewards.astype(np.float64)), terminals, gamma).largest


class ValueRange(NamedTuple):
    """The least and the largest discounted return from any row of a dataset."""

    least: float
    largest: float


def value_range(rewards: NDArray[np.floating], terminals: NDArray[np.bool_], gamma: float) -> ValueRange:
    """Find the range of the discounted returns of rewards (T,) from any row to its episode's end."""
    least, largest, value = np.inf, -np.inf, 0.0
    for reward, ends in zip(rewards[::-1].tolist(), terminals[::-1].tolist(), strict=True):
        value = reward + (0.0 if ends else gamma * value)
        least, largest = min(least, value), max(largest, value)
    return ValueRange(least, largest)
