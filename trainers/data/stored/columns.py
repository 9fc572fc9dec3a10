"""The columns of a dataset while it is being made, and what follows from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.sums import mean_over_agents
from recipe_sweep.trainers.task import TaskSpec

Floats = NDArray[np.float32]


class Columns(NamedTuple):
    """Rows in time order, episode after episode; the last row of an episode has its terminal set.

    Every row is a transition to the row below it, unless it is terminal (time limits count as ends).
    """

    observations: Floats
    """(T, N, O)"""
    actions: Floats
    """(T, N, A): as executed"""
    rewards: Floats
    """(T, N)"""
    terminals: NDArray[np.bool_]
    """(T,)"""
    states: Floats | None = None
    """(T, S), or None where the observations tell the state: see `state_is_observed`"""


Layout = tuple[str, tuple[int, ...]]
"""Type and shape of a column."""


def column_layout(spec: TaskSpec, rows: int, with_states: bool) -> dict[str, Layout]:
    """Type and shape of each stored column of a task's dataset, by name."""
    layout: dict[str, Layout] = {
        "observations": ("<f4", (rows, spec.n_agents, spec.obs_dim)),
        "actions": ("<f4", (rows, spec.n_agents, spec.action_dim)),
        "rewards": ("<f4", (rows, spec.n_agents)),
        "terminals": ("|b1", (rows,)),
    }
    if with_states:
        layout["states"] = ("<f4", (rows, spec.state_dim))
    return layout


def state_is_observed(spec: TaskSpec) -> bool:
    """Whether a task's states need no column of their own.

    As wide as all observations, a state is the agents' observations side by side; as wide as one, it is the first agent's
    (as in OMIGA's MuJoCo tasks, where every agent sees all).
    """
    return spec.state_dim in (spec.n_agents * spec.obs_dim, spec.obs_dim)


class TransitionIndex(NamedTuple):
    """Transitions as row indices; see Dataset."""

    rows: NDArray[np.int64]
    next_rows: NDArray[np.int64]
    mask: Floats


def transition_index(terminals: NDArray[np.bool_], transitions: int) -> TransitionIndex:
    """The first `transitions` rows as transitions; a terminal row points at itself, with mask 0."""
    rows = np.arange(transitions, dtype=np.int64)
    ends = np.array(terminals[:transitions])
    return TransitionIndex(rows, rows + ~ends, (~ends).astype(np.float32))


def episode_returns(rewards: Floats, terminals: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return of each episode: the sum over its rows of the mean over agents of rewards (T, N)."""
    starts = np.concatenate(([0], np.flatnonzero(terminals)[:-1] + 1))
    returns: NDArray[np.float64] = np.add.reduceat(mean_over_agents(rewards.astype(np.float64)), starts)
    return returns


def largest_value(rewards: Floats, terminals: NDArray[np.bool_], gamma: float) -> float:
    """The largest discounted return from any row to the end of its episode, of the mean over agents of rewards (T, N)."""
    largest, value = -np.inf, 0.0
    for reward, ends in zip(mean_over_agents(rewards.astype(np.float64))[::-1].tolist(), terminals[::-1].tolist(), strict=True):
        value = reward + (0.0 if ends else gamma * value)
        largest = max(largest, value)
    return largest
