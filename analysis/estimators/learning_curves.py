"""Statistics of learning curves: area, the first evaluation at a threshold, and the slope at the end of training.

A curve is a row (L,) of evaluations. Time is a share of the run's steps: 1 is the end. A curve that is shorter than its row
has NaN behind it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Integers

LAST_SHARE = 1.0 / 3.0
"""The end of training: its slope is judged."""
FEWEST_EVALUATIONS = 3
"""Two evaluations lie on a line, so their noise is not known."""
COARSE = 0.5
"""A curve is too coarse if its last `FEWEST_EVALUATIONS` reach back beyond this time."""
TIME_UNIT = 0.1
"""Slopes are per this share of training."""
_ROUNDING = 1e-9


class Slopes(NamedTuple):
    """Least-squares slopes of the last evaluations of N curves; NaN if a curve is too short or too coarse."""

    slope: Floats
    """(N,): score per `TIME_UNIT` of training"""
    leverage: Floats
    """(N,): variance of the slope if an evaluation's variance is 1"""
    squares: Floats
    """(N,): sum of squares around the line"""
    freedom: Integers
    """(N,): degrees of freedom of `squares`; 0 if the curve is not judged"""
    noise: Floats
    """(N,): mean variance of one evaluation, from its episodes; NaN if not known"""


def area_under(times: Floats, scores: Floats) -> Floats:
    """Average the scores (N, L) over training by trapezoids at times (N, L): (N,).

    The first score counts from time 0 on. The last one counts until time 1, which matters for runs that ended early.
    """
    there = np.isfinite(times)
    last = np.maximum(there.sum(axis=1) - 1, 0)
    rows = np.arange(len(times))
    steps = np.where(there[:, 1:], np.diff(times, axis=1), 0.0)
    means = np.where(there[:, 1:], (scores[:, 1:] + scores[:, :-1]) / 2.0, 0.0)
    inner = (steps * means).sum(axis=1)
    area: Floats = inner + times[:, 0] * scores[:, 0] + np.maximum(1.0 - times[rows, last], 0.0) * scores[rows, last]
    return area


def first_reached(times: Floats, scores: Floats, thresholds: Floats) -> Floats:
    """Find the time (N,) of the first evaluation at or above the threshold (N,) of its curve.

    1 if there is none, and for the last evaluation as well. NaN if the threshold is NaN.
    """
    reached: Booleans = scores >= thresholds[:, None]
    first = np.where(reached, times, 1.0).min(axis=1, initial=1.0)
    return np.where(np.isfinite(thresholds), first, np.nan)


def last_slopes(times: Floats, scores: Floats, errors: Floats) -> Slopes:
    """Fit a line to the last third of each curve (N, L), and at least to three evaluations.

    `errors` (N, L) are standard errors of the evaluations over their episodes.
    """
    there: Booleans = np.isfinite(times) & np.isfinite(scores)
    behind = there[:, ::-1].cumsum(axis=1)[:, ::-1]
    late: Booleans = there & ((times >= 1.0 - LAST_SHARE - _ROUNDING) | (behind <= FEWEST_EVALUATIONS))
    count = late.sum(axis=1)
    earliest = np.where(late, times, np.inf).min(axis=1, initial=np.inf)
    latest = np.where(late, times, -np.inf).max(axis=1, initial=-np.inf)
    judged = (count >= FEWEST_EVALUATIONS) & (earliest >= COARSE - _ROUNDING) & (latest > 1.0 - LAST_SHARE)
    many = np.maximum(count, 1)
    x, y = (np.where(late, values, 0.0) for values in (times / TIME_UNIT, scores))
    x = np.where(late, x - (x.sum(axis=1) / many)[:, None], 0.0)
    y = np.where(late, y - (y.sum(axis=1) / many)[:, None], 0.0)
    spread = np.where(judged, (x**2).sum(axis=1), np.nan)
    slope = (x * y).sum(axis=1) / spread
    slope = np.where(np.abs(slope) < _ROUNDING, 0.0, slope)
    squares = np.maximum((y**2).sum(axis=1) - slope**2 * spread, 0.0)
    noise = np.where(judged, np.where(late, errors**2, 0.0).sum(axis=1) / many, np.nan)
    freedom = np.where(judged, count - 2, 0).astype(np.int64)
    return Slopes(slope, 1.0 / spread, squares, freedom, noise)


def surely_rising(slopes: Slopes, group: Integers, level: float = 0.975) -> Booleans:
    """Tell which slopes (N,) are surely above 0, each against the noise of its own evaluations, one-sided.

    The variance of an evaluation is the larger of two: what its episodes say, and how the curves of its group (N,) scatter
    around their lines. A group is the seeds of one configuration. The second includes changes of the policy between
    evaluations, which episodes do not show.
    """
    from scipy.special import stdtrit

    groups = int(group.max(initial=-1)) + 1
    squares = np.bincount(group, weights=np.nan_to_num(slopes.squares), minlength=groups)[group]
    freedom = np.bincount(group, weights=slopes.freedom, minlength=groups)[group]
    scatter = squares / np.maximum(freedom, 1)
    variance = np.fmax(slopes.noise, scatter) * slopes.leverage
    quantile = stdtrit(np.maximum(freedom, 1), level)
    judged = slopes.freedom > 0
    above = np.where(judged, slopes.slope - quantile * np.sqrt(np.where(judged, variance, 0.0)), -1.0)
    rising: Booleans = above > _ROUNDING
    return rising


def chosen_by_others(values: Floats, scores: Floats) -> Floats:
    """Take each seed's value at the configuration that the other seeds' scores choose: (..., S), from both (..., K, S).

    A configuration that is chosen by its own last evaluation has a steeper slope by luck alone. NaN for a single seed.
    """
    seeds = scores.shape[-1]
    there = np.isfinite(scores)
    filled = np.where(there, scores, 0.0)
    others = there.sum(axis=-1, keepdims=True) - there
    sums = filled.sum(axis=-1, keepdims=True) - filled
    means = np.where(others > 0, sums / np.maximum(others, 1), -np.inf)
    choice = means.argmax(axis=-2)
    known = np.isfinite(means.max(axis=-2)) & (seeds > 1)
    return np.where(known, np.take_along_axis(values, choice[..., None, :], axis=-2)[..., 0, :], np.nan)
