"""Compares the values of each design choice by all of their runs, with intervals over seeds (`aggregates`).

The runs are of each design's best configuration on every dataset. Half of the seeds chooses it, and the other half is
counted, averaged over all halves. A design without a choice of configurations has all of its seeds counted.

A choice is compared over the designs that differ in it alone. Tasks count whose designs are a full product, with the
datasets and seeds that all designs have.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.aggregates import (
    improvement_samples,
    interquartile_mean,
    interquartile_samples,
    performance_profile,
    probability_of_improvement,
    profile_samples,
    resample_seeds,
    weights_of,
    wins,
)
from recipe_sweep.analysis.estimators.crossfit import chosen_by_halves
from recipe_sweep.analysis.estimators.seed_statistics import (
    SPLIT_SEED,
    Floats,
    Integers,
    best_of,
    half_splits,
    seed_means,
    t_interval,
)
from recipe_sweep.analysis.estimators.variance import AXES
from recipe_sweep.analysis.findings.designs import FullProduct, full_product
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.search_spaces.words import Word

if TYPE_CHECKING:
    pass

RESAMPLES = 500
BOOTSTRAP_SEED = 2
THRESHOLDS = 21
"""Number of a profile's thresholds, evenly spaced from the lowest score to the highest."""
_WORDS: tuple[type[Word], ...] = (Decomposition, ValueLearning, Extraction)


class Measured(NamedTuple):
    """A number with its 95 % interval. The ends are NaN under `FEWEST_SEEDS` seeds."""

    value: float
    low: float
    high: float


class Improvement(NamedTuple):
    """Probability that a run of `first` scores above a run of `second`, all else equal."""

    first: str
    second: str
    probability: Measured


class ChoiceValue(NamedTuple):
    """One value of a choice, over all of its runs."""

    name: str
    runs: int
    interquartile_mean: Measured
    profile: tuple[Measured, ...]
    """share of the value's runs above each threshold of the choice"""


class Choice(NamedTuple):
    """One axis of the designs."""

    axis: str
    thresholds: tuple[float, ...]
    values: tuple[ChoiceValue, ...]
    improvements: tuple[Improvement, ...]

    def against(self, name: str) -> tuple[tuple[str, Measured], ...]:
        """List every other value with the probability that a run of `name` scores above a run of it."""
        ahead = [(one.second, one.probability) for one in self.improvements if one.first == name]
        return tuple([(one.first, _turned(one.probability)) for one in self.improvements if one.second == name] + ahead)


class _Task(NamedTuple):
    """One task's scores for each value of an axis (A, C, S), and its resamples (R, S)."""

    scores: Floats
    draws: Integers
    weights: Floats
    held: Floats
    """(A, C, P, H): the same in splits of the seeds, of the half that chose no configuration"""

    @property
    def cells(self) -> int:
        """Number of cells behind each value of the axis."""
        return int(self.scores.shape[1])

    @property
    def runs(self) -> int:
        """Number of runs of each value."""
        return int(self.cells * self.scores.shape[2])


def choices(blocks: Sequence[TaskPanels]) -> tuple[Choice, ...]:
    """Compare the values of every axis that has several; none if no task's designs are a full product."""
    found = [(product, _held(block.scores, product)) for block in blocks if (product := _product(block.scores)) is not None]
    products, held = [product for product, _ in found], [scores for _, scores in found]
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    draws = [resample_seeds(rng, RESAMPLES, product.scores.shape[-1]) for product in products]
    common = [sorted(set.intersection(*(set(one.members[axis]) for one in products))) for axis in range(3) if products]
    return tuple(
        _choice(
            AXES[axis],
            _names(axis, members),
            _tasks(products, held, draws, axis, members),
        )
        for axis, members in enumerate(common)
        if len(members) > 1
    )


def _tasks(
    products: Sequence[FullProduct], held: Sequence[Floats], draws: Sequence[Integers], axis: int, members: Sequence[int]
) -> list[_Task]:
    found = []
    for product, split, drawn in zip(products, held, draws, strict=True):
        places = [product.members[axis].index(member) for member in members]
        scores = np.moveaxis(product.scores, axis, 0)[places]
        splits = np.moveaxis(split, axis, 0)[places].reshape(len(members), -1, *split.shape[-2:])
        found.append(_Task(scores.reshape(len(members), -1, scores.shape[-1]), drawn, weights_of(drawn), splits))
    return found


def _names(axis: int, members: Sequence[int]) -> list[str]:
    return [_WORDS[axis].members()[member].display_name for member in members]


def _choice(axis: str, names: Sequence[str], tasks: Sequence[_Task]) -> Choice:
    pooled = np.concatenate([task.scores.reshape(len(names), 1, -1) for task in tasks], axis=-1)
    seeds = min(task.scores.shape[-1] for task in tasks)
    low, high = float(pooled.min()), float(pooled.max())
    thresholds = np.linspace(low, high, THRESHOLDS)
    means = _measured(
        _held_mean(tasks), interquartile_samples([(task.scores, task.draws) for task in tasks]), seeds, (low, high)
    )
    # Each run has the same weight, so a task's share is weighted by its number of runs.
    sizes = np.array([task.runs for task in tasks], dtype=np.float64)
    shares = _measured(
        np.average([performance_profile(_flat(task.held), thresholds) for task in tasks], axis=0, weights=sizes),
        np.average([profile_samples(task.scores, thresholds, task.weights) for task in tasks], axis=0, weights=sizes),
        seeds,
        (0.0, 1.0),
    )
    values = [
        ChoiceValue(name, pooled.shape[-1], means[i], tuple(shares[i * THRESHOLDS : (i + 1) * THRESHOLDS]))
        for i, name in enumerate(names)
    ]
    pairs = combinations(range(len(names)), 2)
    improvements = [Improvement(names[a], names[b], _improvement(tasks, a, b, seeds)) for a, b in pairs]
    return Choice(axis, tuple(thresholds.tolist()), tuple(values), tuple(improvements))


def _improvement(tasks: Sequence[_Task], first: int, second: int, seeds: int) -> Measured:
    """Estimate the probability of improvement over the cells of all tasks. Each cell has the same weight."""
    won = [wins(task.scores[first], task.scores[second]) for task in tasks]
    cells = np.array([task.cells for task in tasks], dtype=np.float64)
    value = np.average([_held_improvement(task, first, second) for task in tasks], weights=cells)
    drawn = [improvement_samples(one, task.weights) for one, task in zip(won, tasks, strict=True)]
    [measured] = _measured(np.atleast_1d(value), np.average(drawn, axis=0, weights=cells)[:, None], seeds, (0.0, 1.0))
    return measured


def _flat(held: Floats) -> Floats:
    """Put all splits in one row (A, C, P * H)."""
    return held.reshape(*held.shape[:2], -1)


def _held_mean(tasks: Sequence[_Task]) -> Floats:
    """Compute the interquartile mean (A,) of all tasks' runs in each split, averaged over splits."""
    splits = max(task.held.shape[2] for task in tasks)
    # A task with fewer splits has them again and again.
    rows = [np.take(task.held, np.arange(splits) % task.held.shape[2], axis=2) for task in tasks]
    pooled = np.concatenate([np.moveaxis(row, 2, 1).reshape(len(row), splits, -1) for row in rows], axis=-1)
    mean: Floats = interquartile_mean(pooled[:, :, None]).mean(axis=-1)
    return mean


def _held_improvement(task: _Task, first: int, second: int) -> float:
    """Compute the probability of improvement in each split, averaged over splits; all cells have as many."""
    apart = task.held.reshape(len(task.held), -1, task.held.shape[-1])
    return probability_of_improvement(wins(apart[first], apart[second]))


def _turned(probability: Measured) -> Measured:
    """Turn the probability into that of the other value. A tie counts half on both sides."""
    return Measured(1.0 - probability.value, 1.0 - probability.high, 1.0 - probability.low)


def _measured(values: Floats, samples: Floats, seeds: int, within: tuple[float, float]) -> list[Measured]:
    """Attach intervals to values (...) from their samples (R, ...), clipped to `within`. The list is flat."""
    interval = t_interval(values, samples, np.array(seeds))
    ends = (np.clip(end, *within).ravel().tolist() for end in interval)
    return [Measured(*one) for one in zip(values.ravel().tolist(), *ends, strict=True)]


def _held(task: TaskScores, product: FullProduct) -> Floats:
    """Pick scores (x, v, e, D, P, H) of the half of the seeds that chose nothing. There are P splits.

    Designs without a choice of configurations have one split, of all seeds.
    """
    places = (*product.members, product.datasets, range(task.scores.shape[-2]), product.seeds)
    scores = task.scores[np.ix_(*map(np.asarray, places))]
    complete = np.isfinite(scores).all(axis=-1, keepdims=True)
    choosing = half_splits(np.random.default_rng(SPLIT_SEED), len(product.seeds))
    if not len(choosing) or complete.sum(axis=-2).max() == 1:
        return product.scores[..., None, :]
    chosen = np.moveaxis(chosen_by_halves(np.where(complete, scores, np.nan), choosing), 3, 4)
    others = np.array([np.flatnonzero(~half) for half in choosing])
    held: Floats = np.take_along_axis(chosen, others[None, None, None, None], axis=-1)
    return held


def _product(task: TaskScores) -> FullProduct | None:
    """Collect the scores of all seeds of every design's best configurations."""
    best = best_of(seed_means(task.scores)).choice
    chosen = np.take_along_axis(task.scores, np.maximum(best, 0)[..., None, None], axis=-2)[..., 0, :]
    return full_product(chosen, np.any(task.wanted, axis=(-1, -2, -3)))
