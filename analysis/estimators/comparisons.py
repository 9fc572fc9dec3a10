"""Differences between design choices: size, interval, correction for many comparisons, and seeds needed.

Differences are taken within a seed, so effects that the runs of a seed share cancel. Tasks are strata: the seeds of each task
are drawn separately, and each task has the same weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import (
    FEWEST_SEEDS,
    Floats,
    Integers,
    seed_skewness,
    skewed_interval,
    skewed_p_value,
)

MOST_SEEDS = 1000
"""Differences that need more seeds than this count as too small to find by training."""


class Estimate(NamedTuple):
    """A mean over tasks with its 95 % interval. All but `value` are NaN if a task has fewer than `FEWEST_SEEDS` seeds."""

    value: float
    low: float
    high: float
    p_value: float
    """two-sided; the null hypothesis is a true value of 0"""
    deviation: float
    """standard deviation over seeds of one seed's value, as if all tasks were one task"""
    seeds: int
    """fewest seeds of any task"""

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.low))


NOTHING = Estimate(np.nan, np.nan, np.nan, np.nan, np.nan, 0)


def stratified_mean(tasks: Sequence[Floats], level: float = 0.95, *, skewed: bool = True) -> Estimate:
    """Average the means of all tasks. Each task is an array (S,) over seeds, whose NaN are ignored.

    Variances of the tasks' means add. Degrees of freedom follow Welch and Satterthwaite. The interval is corrected for
    skewness, as the interval of a bar is (`skewed_interval`); without `skewed` it is Student's.
    """
    seeds = [task[np.isfinite(task)] for task in tasks]
    if not seeds or not all(len(task) for task in seeds):
        return NOTHING
    fewest, value = min(map(len, seeds)), float(np.mean([task.mean() for task in seeds]))
    if fewest < FEWEST_SEEDS:
        return NOTHING._replace(value=value, seeds=fewest)
    squared = np.array([task.var(ddof=1) / len(task) for task in seeds]) / len(seeds) ** 2
    total = squared.sum()
    if total == 0.0:
        return Estimate(value, value, value, float(value == 0.0), 0.0, fewest)
    freedom = np.asarray(welch_freedom(squared, np.array([len(task) - 1 for task in seeds])))
    # Third moments of independent means add as variances do.
    third = sum(float(seed_skewness(task)) * part**1.5 / np.sqrt(len(task)) for part, task in zip(squared, seeds, strict=True))
    error, asymmetry = np.sqrt(total), third / total**1.5 / 6.0 if skewed else 0.0
    interval = skewed_interval(np.array(value), error, freedom, asymmetry, level)
    p_value = skewed_p_value(np.array(value), error, freedom, asymmetry)
    return Estimate(value, float(interval.low), float(interval.high), float(p_value), float(error * np.sqrt(fewest)), fewest)


def welch_freedom(squared: Floats, freedom: Integers) -> float:
    """Compute the degrees of freedom of a sum from its parts' squared errors (N,) and own degrees (N,).

    This is Welch and Satterthwaite's formula. Without any error it is the sum of the degrees.
    """
    total = squared.sum()
    return float(total**2 / (squared**2 / freedom).sum()) if total > 0.0 else float(freedom.sum())


def one_sided_p_value(value: float, error: float, freedom: float) -> float:
    """Compute Student's p-value of a true value of 0 or less. It is half of the two-sided one where `value` is above 0."""
    from scipy.special import stdtr

    if error == 0.0:
        return float(value <= 0.0)
    return float(stdtr(freedom, -value / error))


def two_sided_p_value(value: float, error: float, freedom: float) -> float:
    """Compute Student's two-sided p-value of a true value of 0."""
    return min(2.0 * one_sided_p_value(abs(value), error, freedom), 1.0)


def careful_p_value(tasks: Sequence[Floats]) -> float:
    """Compute a p-value of the mean over tasks that may be small, as a correction for many comparisons needs it.

    It is the larger of those with and without correction for skewness. The correction is right near 0.05. At 0.001 the third
    moment of few seeds is too uncertain, and p-values of normal scores are too small.
    """
    return max(stratified_mean(tasks, skewed=skewed).p_value for skewed in (True, False))


def paired_difference(first: Floats, second: Floats) -> Floats:
    """Average the differences (S,) of two stacks of cells (C, S) in each seed, over the cells that both have.

    NaN for a seed that lacks one of these cells, because its mean would be over other cells.
    """
    difference = first - second
    cells = difference[np.isfinite(difference).any(axis=-1)]
    return cells.mean(axis=0) if len(cells) else np.full(difference.shape[-1], np.nan)


def holm(p_values: Floats, weights: Floats | None = None) -> Floats:
    """Adjust p-values (N,) for multiple comparisons after Holm; `weights` (N,) give some a larger part of the error.

    With 95 % confidence, all differences whose adjusted p-value is below 0.05 are real. NaN stays NaN and does not count as
    a comparison. Holm's method is used because it holds under any dependence, and comparisons of the same bars are dependent.
    """
    asked = np.flatnonzero(np.isfinite(p_values))
    shares = np.ones(p_values.shape) if weights is None else weights
    order = asked[np.argsort(p_values[asked] / shares[asked], kind="stable")]
    adjusted = np.full(p_values.shape, np.nan)
    left = np.cumsum(shares[order][::-1])[::-1]
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * left / shares[order]), 1.0)
    return adjusted


def seeds_to_settle(difference: float, deviation: float, level: float = 0.95, power: float = 0.8) -> int | None:
    """Compute how many seeds a paired t test needs to find the difference with this power; None above `MOST_SEEDS`.

    The result is as uncertain as the difference, which is itself an estimate.
    """
    from scipy.stats import nct, t

    if not (np.isfinite(difference) and np.isfinite(deviation)) or difference == 0.0:
        return None
    if deviation == 0.0:
        return FEWEST_SEEDS
    seeds = np.arange(2, MOST_SEEDS + 1)
    critical = t.ppf(0.5 + level / 2.0, seeds - 1)
    effect = abs(difference) / deviation * np.sqrt(seeds)
    # Only the tail with the right sign counts: a test that finds the wrong sign is no success.
    found = seeds[nct.sf(critical, seeds - 1, effect) >= power]
    return max(int(found[0]), FEWEST_SEEDS) if len(found) else None
