"""Averages numbers of two seeds over all pairs of seeds, and says what each seed adds.

A variance over seeds is such a mean: of half the squared difference of two seeds. A variance along a grid without noise is
one, too: of the product of two seeds' deviations along the grid, because the noise of two seeds is independent.

Shape letters: C cells, N numbers along a grid, S seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import two_sided_p_value, welch_freedom
from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Interval, t_quantile

ROUNDING = 1e-12
"""Smaller deviations, as shares of the largest score, are what a computer's sums leave of equal scores."""


def pair_mean(pairs: Floats, there: Booleans) -> Floats:
    """Average numbers of pairs (C, S, S) of different seeds that are `there` (C, S): (C,)."""
    count = there.sum(axis=-1)
    mean: Floats = _between(pairs, there).sum(axis=(-1, -2)) / (count * (count - 1))
    return mean


def seed_parts(pairs: Floats, there: Booleans) -> Floats:
    """Compute each seed's part (S,) in the mean over cells of `pair_mean`. The mean of the parts is that mean.

    The parts are jackknife pseudo-values. NaN for a seed that no cell has. Each cell needs 3 seeds,
    because without one of fewer no pair is left.
    """
    count = there.sum(axis=-1, keepdims=True)
    rows = _between(pairs, there).sum(axis=-1)
    total = rows.sum(axis=-1, keepdims=True)
    whole = total / (count * (count - 1))
    # Every pair stands there twice, so a seed's row and its column go with it.
    left = np.where(there, (total - 2.0 * rows) / ((count - 1) * (count - 2)), whole).mean(axis=0)
    used: Booleans = np.any(there, axis=0)
    parts: Floats = left + used.sum() * (whole.mean() - left)
    return np.where(used, parts, np.nan)


def jackknife_variance(pairs: Floats, there: Booleans) -> float:
    """Compute the variance of the mean over cells of `pair_mean` from the seeds' parts. It is rather too large."""
    parts = seed_parts(pairs, there)
    parts = parts[np.isfinite(parts)]
    return float(parts.var(ddof=1)) / len(parts)


def seed_variance(pairs: Floats, there: Booleans) -> float:
    """Compute the variance of the mean over cells of `pair_mean`, for at least `FEWEST_SEEDS` seeds.

    The jackknife counts what is a pair's own more than twice, because each pair is in two seeds' parts. If every cell has
    every seed, that much is taken off (`pair_surplus`).
    """
    variance, used = jackknife_variance(pairs, there), np.any(there, axis=0)
    count = int(used.sum())
    if not there[:, used].all():
        return variance
    means = pairs.mean(axis=0)[np.ix_(used, used)]
    excess = float(pair_surplus(means[None], ~np.eye(count, dtype=np.bool_))[0, 0])
    # At least what pairs have of their own stays: 2 / (n (n - 1)) of it, where the excess is 2 / ((n - 1) (n - 2)) of it.
    return max(variance - excess, excess * (count - 2) / count)


def pair_surplus(products: Floats, known: Booleans) -> Floats:
    """Compute what a jackknife has too much in the covariances (T, T) of means over pairs of seeds.

    It counts a pair's own part 4 / (n (n - 2)) times. Right is 2 / (n (n - 1)). The own part is the second of Hoeffding's
    decomposition: what the effects of both seeds leave of `products` (T, S, S). Only pairs count that are `known` (S, S).
    With too few of them it is 0. Efron and Stein, The Jackknife Estimate of Variance, The Annals of Statistics 9, 1981.
    """
    seeds = len(known)
    first, second = np.triu_indices(seeds, 1)
    there = known[first, second]
    pairs = (first[there], second[there])
    members = np.zeros((there.sum(), seeds))
    members[np.arange(there.sum()), pairs[0]] = members[np.arange(there.sum()), pairs[1]] = 1.0
    left = there.sum() - np.linalg.matrix_rank(members)
    if left < 1:
        return np.zeros((len(products), len(products)))
    found = products[:, *pairs]
    rest = found - found @ np.linalg.pinv(members.T) @ members.T
    surplus: Floats = rest @ rest.T / left * 2.0 / ((seeds - 1) * (seeds - 2))
    return surplus


class PairMean(NamedTuple):
    """A mean over tasks with its 95 % interval, and the two-sided p-value of a true value of 0."""

    value: float
    interval: Interval
    p_value: float


def mean_of_tasks(
    pairs: Sequence[Floats], there: Sequence[Booleans], variance: Callable[[Floats, Booleans], float]
) -> PairMean:
    """Average the tasks' means, each of `pair_mean` over cells (C, S, S), with Student's 95 % interval (Welch).

    `variance` is that of one task's mean: `jackknife_variance` or `seed_variance`.
    """
    values = [pair_mean(one, seeds).mean() for one, seeds in zip(pairs, there, strict=True)]
    variances = np.array([variance(one, seeds) for one, seeds in zip(pairs, there, strict=True)]) / len(pairs) ** 2
    freedoms = np.array([seeds.any(axis=0).sum() - 1 for seeds in there])
    value, error = float(np.mean(values)), math.sqrt(variances.sum())
    freedom = welch_freedom(variances, freedoms)
    reach = t_quantile(freedom) * error
    interval = Interval(np.asarray(value - reach), np.asarray(value + reach))
    return PairMean(value, interval, two_sided_p_value(value, error, freedom))


def products_along(scores: Floats) -> Floats:
    """Multiply two seeds' deviations along a grid of scores (..., N, S): (..., S, S).

    The mean over pairs of different seeds estimates the variance of the true means (divisor N - 1) without bias.
    """
    off = scores - scores.mean(axis=-2, keepdims=True)
    off = np.where(np.abs(off) > ROUNDING * np.abs(scores).max(axis=(-1, -2), keepdims=True), off, 0.0)
    products: Floats = np.swapaxes(off, -1, -2) @ off / (scores.shape[-2] - 1)
    return products


def half_squares(scores: Floats) -> Floats:
    """Compute half the squared differences of two seeds' scores (..., S): (..., S, S). Their mean is the variance."""
    off = scores[..., :, None] - scores[..., None, :]
    off = np.where(np.abs(off) > ROUNDING * np.abs(scores).max(axis=-1)[..., None, None], off, 0.0)
    return np.asarray(0.5 * off**2)


def _between(pairs: Floats, there: Booleans) -> Floats:
    """Set everything to 0 but pairs of two different seeds that are there."""
    both = there[..., :, None] & there[..., None, :] & ~np.eye(there.shape[-1], dtype=np.bool_)
    return np.where(both, pairs, 0.0)
