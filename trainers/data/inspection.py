"""Contents of a dataset: returns, lengths of episodes, ranges of actions, and coverage of the observed states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.catalogue import StoredDataset, map_dataset
from recipe_sweep.trainers.data.stored.card import Card, Declared
from recipe_sweep.trainers.data.stored.columns import Bytes, episode_returns
from recipe_sweep.trainers.randomness import generator

Floats = NDArray[np.float64]

SAMPLE_ROWS = 20_000
"""Rows from which ranges of actions and coverage are estimated."""
CELLS = 40
"""Cells per direction of the map on which coverage is counted."""
LEVELS = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
"""Levels of the quantiles of actions: the first is the least action, the last the greatest."""
_EDGE = 0.002
"""Share of the points that may lie outside the map, on each side."""


class ComponentRanges(NamedTuple):
    """Actions that are numbers with bounds."""

    quantiles: Floats
    """(N * A, levels): quantiles of each component, agent after agent"""
    size: float
    """Mean absolute component of the actions."""
    at_bound: float
    """Share of the actions' components at a bound."""


class ActionShares(NamedTuple):
    """Actions that are chosen among legal ones."""

    taken: Floats
    """(N, A): share of an agent's rows in which it takes each action"""
    legal: float
    """Mean number of an agent's legal actions."""


class Inspection(NamedTuple):
    """Numbers of one dataset."""

    directory: Path
    card: Card
    returns: Floats
    """(episodes,)"""
    lengths: NDArray[np.int64]
    """(episodes,): in transitions"""
    actions: ComponentRanges | ActionShares
    covered: float
    """Cells that this dataset visits, as a share of those that all inspected datasets visit, with equal numbers of rows."""
    cell_counts: Floats
    """(CELLS, CELLS): sampled rows in each cell of the map of states, first direction first"""


def inspect(declared: Sequence[Declared], root: Path) -> list[Inspection]:
    """Inspect datasets of one task side by side. The errors are those of `open_dataset`.

    The map of states has two directions: those in which the joint observations of all datasets vary most. Observations are
    scaled to unit deviation first.
    """
    stored = [map_dataset(one, root) for one in declared]
    samples = [_sample(one) for one in stored]
    counts = _map([_joint(one, rows) for one, rows in zip(stored, samples, strict=True)])
    visited = counts > 0
    anywhere = visited.any(axis=0).sum()
    return [
        _inspection(one, rows, float(cells.sum() / anywhere), count)
        for one, rows, cells, count in zip(stored, samples, visited, counts, strict=True)
    ]


def _sample(stored: StoredDataset) -> NDArray[np.int64]:
    rows = len(stored.columns.terminals)
    drawn: NDArray[np.int64] = generator(0, "inspect").choice(rows, min(rows, SAMPLE_ROWS), replace=False)
    return np.sort(drawn)


def _joint(stored: StoredDataset, rows: NDArray[np.int64]) -> Floats:
    """Join the observations of all agents: (rows, features)."""
    return stored.columns.observations[rows].reshape(len(rows), -1).astype(np.float64)


def _map(joint: Sequence[Floats]) -> Floats:
    """Count rows of each dataset in each cell, (datasets, CELLS, CELLS). Take as many rows of each as the smallest has."""
    fewest = min(map(len, joint))
    even = [one[np.linspace(0, len(one) - 1, fewest).astype(np.int64)] for one in joint]
    pooled = np.concatenate(even)
    deviation = pooled.std(axis=0)
    varying = deviation > 1e-6 * max(float(deviation.max()), 1.0)
    scaled = (pooled - pooled.mean(axis=0))[:, varying] / deviation[varying]
    _, _, directions = np.linalg.svd(np.cov(scaled, rowvar=False).reshape(scaled.shape[1], -1))
    points = scaled @ directions[:2].T
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    low, high = np.quantile(points, (_EDGE, 1.0 - _EDGE), axis=0)
    span = [(float(first), max(float(last), float(first) + 1e-9)) for first, last in zip(low, high, strict=True)]
    return np.array([np.histogramdd(part, CELLS, span)[0] for part in np.split(points, len(joint))])


def _inspection(stored: StoredDataset, rows: NDArray[np.int64], covered: float, cell_counts: Floats) -> Inspection:
    columns = stored.columns
    return Inspection(
        directory=stored.directory,
        card=stored.card,
        returns=episode_returns(columns.rewards, columns.terminals),
        lengths=np.diff(np.flatnonzero(columns.terminals), prepend=-1),
        actions=_ranges(stored, rows) if columns.legals is None else _shares(columns.actions[rows], columns.legals[rows]),
        covered=covered,
        cell_counts=cell_counts,
    )


def _ranges(stored: StoredDataset, rows: NDArray[np.int64]) -> ComponentRanges:
    spec = stored.spec
    actions = stored.columns.actions[rows].reshape(len(rows), -1).astype(np.float64)
    return ComponentRanges(
        quantiles=np.quantile(actions, LEVELS, axis=0).T,
        size=float(np.abs(actions).mean()),
        at_bound=float(((actions <= spec.action_low) | (actions >= spec.action_high)).mean()),
    )


def _shares(numbers: Bytes, legals: Bytes) -> ActionShares:
    taken = [np.bincount(agent, minlength=legals.shape[2]) / len(agent) for agent in numbers.T]
    return ActionShares(np.array(taken), float(legals.sum(axis=2).mean()))
