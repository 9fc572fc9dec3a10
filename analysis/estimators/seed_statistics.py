"""Statistics of a sweep, as pure functions on arrays.

Shape letters: D datasets, K configurations (alpha and tau), S seeds, R bootstrap resamples, P splits of the seeds. Leading
axes (`...`) are designs. A score that is not there is NaN.

The statistic of the paper's Figure 7: mean over seeds for every (dataset, configuration); the best configuration of each
dataset; the mean over datasets. It is a plain mean over seeds once the best configurations are fixed, which is what lets
one standard error serve it.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

FEWEST_SEEDS = 4
"""Below this many seeds no interval is drawn: 3 seeds have 10 distinct resamples, and t with 2 degrees of freedom is 4.3."""
FEWEST_SEEDS_FOR_SKEW = 6
"""Below this many seeds an interval takes scores for symmetric."""
_SYMMETRIC = 1e-6


class Best(NamedTuple):
    """Best-per-configuration scores."""

    value: Floats
    """(...): mean over the datasets that have any score"""
    by_dataset: Floats
    """(..., D): best mean over seeds"""
    choice: Integers
    """(..., D): index of the best configuration, -1 where no configuration has a score"""


class Interval(NamedTuple):
    """A confidence interval, elementwise; NaN where there is none."""

    low: Floats
    high: Floats


def seed_means(scores: Floats) -> Floats:
    """Mean over seeds of scores (..., S), over the seeds that are there; NaN where there is none."""
    there = np.isfinite(scores)
    return _ratio(np.where(there, scores, 0.0).sum(axis=-1), there.sum(axis=-1))


def best_of(means: Floats) -> Best:
    """Best configuration of each dataset and the mean over datasets, of mean scores (..., D, K).

    Of equal configurations the first counts.
    """
    filled = np.where(np.isfinite(means), means, -np.inf)
    choice = filled.argmax(axis=-1)
    by_dataset = np.take_along_axis(filled, choice[..., None], axis=-1)[..., 0]
    there = np.isfinite(by_dataset)
    by_dataset = np.where(there, by_dataset, np.nan)
    value = _ratio(np.where(there, by_dataset, 0.0).sum(axis=-1), there.sum(axis=-1))
    return Best(value=value, by_dataset=by_dataset, choice=np.where(there, choice, -1).astype(np.int64))


def chosen_seed_scores(scores: Floats, choice: Integers) -> Floats:
    """Each seed's own value of the statistic: scores (..., D, K, S) of the chosen configurations (..., D), averaged over
    datasets; (..., S), NaN for a seed that lacks one of the datasets.

    Their mean over seeds is the statistic itself where no run is missing.
    """
    chosen = np.take_along_axis(scores, np.maximum(choice, 0)[..., None, None], axis=-2)[..., 0, :]
    counts = (choice >= 0)[..., None]
    return _ratio(np.where(counts, chosen, 0.0).sum(axis=-2), counts.sum(axis=-2))


def chosen_seed_counts(scores: Floats, choice: Integers) -> Integers:
    """How many seeds stand behind each statistic (...): of its datasets' chosen configurations the one with the fewest."""
    chosen = np.take_along_axis(scores, np.maximum(choice, 0)[..., None, None], axis=-2)[..., 0, :]
    seeds = np.isfinite(chosen).sum(axis=-1)
    fewest = np.where(choice >= 0, seeds, np.iinfo(np.int64).max).min(axis=-1)
    return np.where((choice >= 0).any(axis=-1), fewest, 0).astype(np.int64)


def resample_weights(rng: np.random.Generator, resamples: int, seeds: int) -> Floats:
    """How often each seed occurs in each resample: (R, S), rows summing to S."""
    return rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples).astype(np.float64)


def bootstrap_best(scores: Floats, weights: Floats) -> Floats:
    """The statistic of scores (..., D, K, S) in every resample of the seeds (R, S): (R, ...).

    A seed is drawn with all its runs, in every design and every dataset of the task, because runs of one seed share
    batches, initial parameters and evaluation resets: whatever they have in common is then kept in the differences between
    bars and in the mean over datasets. The choice of configurations is made anew in each resample. NaN where a resample
    left a dataset without any score.
    """
    there = np.isfinite(scores)
    totals = np.tensordot(weights, np.where(there, scores, 0.0), axes=(1, -1))
    best = best_of(_ratio(totals, np.tensordot(weights, there.astype(np.float64), axes=(1, -1))))
    same_datasets = np.isfinite(best.by_dataset).sum(axis=-1) == there.any(axis=(-1, -2)).sum(axis=-1)
    return np.where(same_datasets, best.value, np.nan)


def percentile_interval(samples: Floats, level: float = 0.95) -> Interval:
    """The plain percentile interval of bootstrap samples (R, ...). Too narrow for few seeds: it covers 0.89 at 8."""
    tail = (1.0 - level) / 2.0
    there = np.isfinite(samples).any(axis=0)
    filled = np.where(there, samples, 0.0)
    low, high = np.nanquantile(filled, [tail, 1.0 - tail], axis=0)
    return Interval(low=np.where(there, low, np.nan), high=np.where(there, high, np.nan))


def t_interval(value: Floats, samples: Floats, seeds: Integers, skew: Floats | float = 0.0, level: float = 0.95) -> Interval:
    """Small-sample interval of `value` (...) from its bootstrap samples (R, ...) over `seeds` (...) seeds.

    value + (t-scaled quantiles) * sqrt(S / (S - 1)) * sd(samples). The bootstrap's standard deviation takes the population
    form, hence the root; the t quantile pays for estimating it from S seeds. For a mean of normal scores this is the
    classical t interval, which holds its level at every S; the percentile interval lacks both corrections (Hesterberg, What
    Teachers Should Know About the Bootstrap, The American Statistician 69, 2015). `skew` (...) is the skewness of the scores
    over seeds (`seed_skewness`): skewed scores, which seeds share between datasets, cover 0.89 without it. A studentised
    bootstrap was not taken: at 4 seeds one resample in 64 repeats a single seed, and its standard error is zero. NaN under
    `FEWEST_SEEDS`.

    The interval says how far the number would move with other seeds. It does not undo the optimism of choosing the best on
    the same seeds: where many configurations are equally good it lies too high, by as much as `selection_corrected` shows.
    """
    seeds = np.asarray(seeds)
    enough = (seeds >= FEWEST_SEEDS) & (np.isfinite(samples).sum(axis=0) > 1)
    freedom = np.where(enough, seeds - 1, 1)
    spread = np.nanstd(np.where(enough, samples, 0.0), axis=0) * np.sqrt((freedom + 1.0) / freedom)
    return skewed_interval(value, np.where(enough, spread, np.nan), freedom, skew / (6.0 * np.sqrt(freedom + 1.0)), level)


def ratio_interval(
    over: float, under: float, covariance: Floats, freedom: int, limits: tuple[float, float], level: float = 0.95
) -> Interval:
    """Interval of a ratio of two estimates with a covariance (2, 2): all ratios r for which over - r * under lies within
    Student's t of 0 (Fieller, Some Problems in Interval Estimation, JRSS B 16, 1954).

    Within `limits`, which are the whole answer where `under` itself is not told from 0.
    """
    from scipy.special import stdtrit

    bound = stdtrit(freedom, 0.5 + level / 2.0) ** 2 * covariance
    # (over - r * under)^2 is within its bound where a r^2 - 2 b r + c <= 0.
    a, b, c = under**2 - bound[1, 1], over * under - bound[0, 1], over**2 - bound[0, 0]
    if under <= 0.0 or a <= 0.0:
        return Interval(np.asarray(limits[0]), np.asarray(limits[1]))
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return Interval(np.clip((b - root) / a, *limits), np.clip((b + root) / a, *limits))


def skewed_interval(
    value: Floats, error: Floats, freedom: Floats | Integers, asymmetry: Floats | float, level: float = 0.95
) -> Interval:
    """Student's interval of `value` with standard error `error`, each end moved for skewness; all (...).

    `asymmetry` is a sixth of the skewness of the estimate itself; at 0 the interval is the classical one (Willink, A
    Confidence Interval and Test for the Mean of an Asymmetric Distribution, Communications in Statistics 34, 2005).
    """
    from scipy.special import stdtrit

    quantile = stdtrit(freedom, 0.5 + level / 2.0)
    return Interval(low=value - error * _unskewed(quantile, asymmetry), high=value - error * _unskewed(-quantile, asymmetry))


def skewed_p_value(value: Floats, error: Floats, freedom: Floats | Integers, asymmetry: Floats | float) -> Floats:
    """Two-sided p-value (...) of the hypothesis that the truth is 0: below 1 - level where `skewed_interval` excludes 0."""
    from scipy.special import stdtr

    asymmetry = np.asarray(asymmetry)
    ratio = value / error
    small = np.abs(asymmetry) < _SYMMETRIC
    a = np.where(small, 1.0, asymmetry)
    moved = np.where(small, ratio, ((1.0 + 2.0 * a * ratio) ** 3 - 1.0) / (6.0 * a) + a)
    return np.asarray(2.0 * stdtr(freedom, -np.abs(moved)), dtype=np.float64)


def _unskewed(quantile: Floats | float, asymmetry: Floats | float) -> Floats:
    """Willink's G: the quantile of the studentised mean that belongs to a quantile of Student's t."""
    asymmetry = np.asarray(asymmetry, dtype=np.float64)
    small = np.abs(asymmetry) < _SYMMETRIC
    a = np.where(small, 1.0, asymmetry)
    return np.where(small, quantile, (np.cbrt(1.0 + 6.0 * a * (quantile - a)) - 1.0) / (2.0 * a))


def seed_skewness(seed_scores: Floats) -> Floats:
    """Skewness over the last axis (..., S) of the values that are there, (...); 0 under `FEWEST_SEEDS_FOR_SKEW` of them.

    From fewer seeds it is noise: at 4 it would make the median interval of normal scores half as wide again, and cover
    less.
    """
    there = np.isfinite(seed_scores)
    count = there.sum(axis=-1)
    enough = count >= FEWEST_SEEDS_FOR_SKEW
    n = np.where(enough, count, FEWEST_SEEDS_FOR_SKEW).astype(np.float64)
    mean = np.where(there, seed_scores, 0.0).sum(axis=-1) / n
    off = np.where(there, seed_scores - mean[..., None], 0.0)
    variance = (off**2).sum(axis=-1) / (n - 1.0)
    third = (off**3).sum(axis=-1) * n / ((n - 1.0) * (n - 2.0))
    known = enough & (variance > 0.0)
    skewness: Floats = np.divide(third, variance**1.5, out=np.zeros_like(third), where=known)
    return skewness


def half_splits(rng: np.random.Generator, seeds: int, most: int = 500) -> Booleans:
    """Ways (P, S) to choose the half of the seeds that selects (True); the other half reports.

    All of them where there are at most `most` (70 at 8 seeds), else `most` random ones. Of an odd number the larger half
    selects, being nearer to the selection that is judged. Empty for one seed, which cannot be split.
    """
    size = math.ceil(seeds / 2)
    if seeds < 2:
        return np.zeros((0, seeds), dtype=np.bool_)
    if math.comb(seeds, size) <= most:
        chosen = np.array(list(combinations(range(seeds), size)))
    else:
        chosen = rng.permuted(np.tile(np.arange(seeds), (most, 1)), axis=1)[:, :size]
    splits = np.zeros((len(chosen), seeds), dtype=np.bool_)
    np.put_along_axis(splits, chosen, True, axis=1)
    return splits


def selection_corrected(scores: Floats, splits: Booleans) -> Floats:
    """The statistic without its optimism: configurations chosen on one half of the seeds, scored on the other.

    Scores (..., D, K, S), splits (P, S), result (...): the mean over splits. NaN where no split has a score in both halves
    for every dataset.
    """
    there = np.isfinite(scores)
    filled = np.where(there, scores, 0.0)

    def half(weights: Floats) -> Floats:
        return _ratio(np.tensordot(weights, filled, axes=(1, -1)), np.tensordot(weights, there.astype(float), axes=(1, -1)))

    choice = best_of(half(splits.astype(np.float64))).choice
    reported = np.take_along_axis(half((~splits).astype(np.float64)), np.maximum(choice, 0)[..., None], axis=-1)[..., 0]
    reported = np.where(choice >= 0, reported, np.nan)
    datasets = there.any(axis=(-1, -2))
    complete = (np.isfinite(reported) | ~datasets).all(axis=-1)
    value = _ratio(np.where(np.isfinite(reported), reported, 0.0).sum(axis=-1), np.sum(datasets, axis=-1))
    return _ratio(np.where(complete & datasets.any(axis=-1), value, 0.0).sum(axis=0), complete.sum(axis=0))


def corrected_seed_scores(scores: Floats, rng: np.random.Generator) -> Floats:
    """Each seed's part in the selection-corrected score of scores (..., K, S): (..., S), their mean the score itself.

    Jackknife pseudo-values, score + (S - 1) * (mean of the scores without one seed - the score without this one): of a fixed
    configuration they are the seeds' own scores, and where configurations are close they also hold what a seed does to the
    choice, which the seeds' scores under the others' choice would not. Their mean's standard error errs upwards (Efron and
    Stein, The Jackknife Estimate of Variance, The Annals of Statistics 9, 1981). `rng` draws splits where there are many.
    NaN for a seed without a run; under `FEWEST_SEEDS`, where no interval is drawn, every seed has the score itself.
    """
    seeds = scores.shape[-1]
    whole = selection_corrected(scores[..., None, :, :], half_splits(rng, seeds))[..., None]
    there = np.isfinite(scores).any(axis=-2)
    if seeds < FEWEST_SEEDS:
        return np.where(there, whole, np.nan)
    splits = half_splits(rng, seeds - 1)
    without = [selection_corrected(np.delete(scores, s, axis=-1)[..., None, :, :], splits) for s in range(seeds)]
    left = np.where(there, np.stack(without, axis=-1), np.nan)
    count = there.sum(axis=-1, keepdims=True)
    parts: Floats = whole + (count - 1.0) * (seed_means(left)[..., None] - left)
    return parts


def ranks(values: Floats) -> Integers:
    """Rank of each value along the last axis, 1 the best; equals share the better rank; 0 where there is no value."""
    there = np.isfinite(values)
    filled = np.where(there, values, -np.inf)
    above = (filled[..., None, :] > filled[..., :, None]).sum(axis=-1)
    return np.where(there, above + 1, 0).astype(np.int64)


def _ratio(numerator: NDArray[np.floating], denominator: NDArray[np.generic]) -> Floats:
    """Division with NaN, not a warning, where there is nothing to divide by."""
    count = np.asarray(denominator, dtype=np.float64)
    ratio: Floats = np.divide(numerator, count, out=np.full(np.shape(numerator), np.nan), where=count > 0)
    return ratio
