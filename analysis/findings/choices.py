"""Compares the values of each design choice by all of their runs, with intervals over seeds (`aggregates`).

The statistics are the interquartile mean, the performance profile and the probability of improvement. The runs are those
behind Figure 7: all seeds of each design's best configuration on every dataset. Values are compared over designs that are
alike in all other choices. So only tasks count whose designs are a full product, with the datasets and seeds that all
designs have.
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
from recipe_sweep.analysis.estimators.seed_statistics import Floats, Integers, best_of, seed_means, t_interval
from recipe_sweep.analysis.findings.designs import FullProduct, full_product
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.search_spaces.words import Word

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 500
BOOTSTRAP_SEED = 2
THRESHOLDS = 21
"""Number of a profile's thresholds, evenly spaced from the lowest score to the highest."""
AXES = ("decomposition", "value learning", "extraction")
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

    @property
    def cells(self) -> int:
        """Number of cells behind each value of the axis."""
        return int(self.scores.shape[1])

    @property
    def runs(self) -> int:
        """Number of runs of each value."""
        return int(self.cells * self.scores.shape[2])


def choices(blocks: Sequence[TaskPanels]) -> tuple[Choice, ...]:
    """Compare the values of every axis that has several. Empty if no task's designs are a full product."""
    products = [found for block in blocks if (found := _product(block.scores)) is not None]
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    draws = [resample_seeds(rng, RESAMPLES, product.scores.shape[-1]) for product in products]
    common = [sorted(set.intersection(*(set(one.members[axis]) for one in products))) for axis in range(3) if products]
    return tuple(
        _choice(
            AXES[axis],
            _names(axis, members),
            _tasks(products, draws, axis, members),
        )
        for axis, members in enumerate(common)
        if len(members) > 1
    )


def _tasks(products: Sequence[FullProduct], draws: Sequence[Integers], axis: int, members: Sequence[int]) -> list[_Task]:
    found = []
    for product, drawn in zip(products, draws, strict=True):
        places = [product.members[axis].index(member) for member in members]
        scores = np.moveaxis(product.scores, axis, 0)[places]
        found.append(_Task(scores.reshape(len(members), -1, scores.shape[-1]), drawn, weights_of(drawn)))
    return found


def _names(axis: int, members: Sequence[int]) -> list[str]:
    return [_WORDS[axis].members()[member].display_name for member in members]


def _choice(axis: str, names: Sequence[str], tasks: Sequence[_Task]) -> Choice:
    pooled = np.concatenate([task.scores.reshape(len(names), 1, -1) for task in tasks], axis=-1)
    seeds = min(task.scores.shape[-1] for task in tasks)
    low, high = float(pooled.min()), float(pooled.max())
    thresholds = np.linspace(low, high, THRESHOLDS)
    means = _measured(
        interquartile_mean(pooled), interquartile_samples([(task.scores, task.draws) for task in tasks]), seeds, (low, high)
    )
    # Each run has the same weight, so a task's share is weighted by its number of runs.
    sizes = np.array([task.runs for task in tasks], dtype=np.float64)
    shares = _measured(
        performance_profile(pooled, thresholds),
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
    value = np.average([probability_of_improvement(one) for one in won], weights=cells)
    drawn = [improvement_samples(one, task.weights) for one, task in zip(won, tasks, strict=True)]
    [measured] = _measured(np.atleast_1d(value), np.average(drawn, axis=0, weights=cells)[:, None], seeds, (0.0, 1.0))
    return measured


def _turned(probability: Measured) -> Measured:
    """Turn the probability into that of the other value. A tie counts half on both sides."""
    return Measured(1.0 - probability.value, 1.0 - probability.high, 1.0 - probability.low)


def _measured(values: Floats, samples: Floats, seeds: int, within: tuple[float, float]) -> list[Measured]:
    """Attach intervals to values (...) from their samples (R, ...), clipped to `within`. The list is flat."""
    interval = t_interval(values, samples, np.array(seeds))
    ends = (np.clip(end, *within).ravel().tolist() for end in interval)
    return [Measured(*one) for one in zip(values.ravel().tolist(), *ends, strict=True)]


def choices_frame(found: Sequence[Choice]) -> pd.DataFrame:
    """Tabulate every number, one row each. Improvements fill `against`, points of a profile fill `threshold`."""
    import pandas as pd

    rows = []
    for choice in found:
        for one in choice.values:
            named = {"axis": choice.axis, "name": one.name, "runs": one.runs}
            rows.append({**named, "statistic": "interquartile_mean", **one.interquartile_mean._asdict()})
            rows += [
                {**named, "statistic": "share_above", "threshold": threshold, **share._asdict()}
                for threshold, share in zip(choice.thresholds, one.profile, strict=True)
            ]
        rows += [
            {
                "axis": choice.axis,
                "name": one.first,
                "statistic": "probability_of_improvement",
                "against": one.second,
                **one.probability._asdict(),
            }
            for one in choice.improvements
        ]
    columns = ["axis", "name", "statistic", "against", "threshold", "runs", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype({"runs": "Int64"})


def _product(task: TaskScores) -> FullProduct | None:
    """Collect the scores of all seeds of every design's best configurations."""
    best = best_of(seed_means(task.scores)).choice
    chosen = np.take_along_axis(task.scores, np.maximum(best, 0)[..., None, None], axis=-2)[..., 0, :]
    return full_product(chosen, np.any(task.wanted, axis=(-1, -2, -3)))
