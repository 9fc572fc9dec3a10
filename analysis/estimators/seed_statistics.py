"""Statistics of a sweep, as pure functions on arrays.

Shape letters: D datasets, K configurations (alpha and tau), S seeds, R bootstrap resamples, P splits of the seeds. Leading
axes (`...`) are designs. A missing score is NaN.

The statistic of the paper's Figure 7: mean over seeds for every (dataset, configuration); the best configuration of each
dataset; the mean over datasets. With fixed best configurations it is a plain mean over seeds. So it has one standard error.
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
SPLIT_SEED = 0
"""Seed of random splits. Splits are random only if there are more than `half_splits` uses."""
EQUAL = 1e-9
"""Scores that differ by less than this share of the largest are equal: their sums were rounded differently."""
_SYMMETRIC = 1e-6


class Best(NamedTuple):
    """Scores of the best configurations."""

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
    """Average scores (..., S) over the seeds that have one: (...). NaN if no seed has one."""
    there = np.isfinite(scores)
    return _ratio(np.where(there, scores, 0.0).sum(axis=-1), there.sum(axis=-1))


def weighted_means(scores: Floats, weights: Floats) -> Floats:
    """Average scores (..., S) with weights of the seeds (R, S): (R, ...). NaN where no seed with a weight has a score."""
    there = np.isfinite(scores)
    totals = np.tensordot(weights, np.where(there, scores, 0.0), axes=(1, -1))
    return _ratio(totals, np.tensordot(weights, there.astype(np.float64), axes=(1, -1)))


def best_of(means: Floats) -> Best:
    """Choose the best configuration of each dataset by mean scores (..., D, K), and average over datasets.

    If configurations are equal, the first is chosen.
    """
    filled = np.where(np.isfinite(means), means, -np.inf)
    choice = filled.argmax(axis=-1)
    by_dataset = np.take_along_axis(filled, choice[..., None], axis=-1)[..., 0]
    there = np.isfinite(by_dataset)
    by_dataset = np.where(there, by_dataset, np.nan)
    value = _ratio(np.where(there, by_dataset, 0.0).sum(axis=-1), there.sum(axis=-1))
    return Best(value=value, by_dataset=by_dataset, choice=np.where(there, choice, -1).astype(np.int64))


def chosen_seed_scores(scores: Floats, choice: Integers) -> Floats:
    """Average the scores (..., D, K, S) of the chosen configurations (..., D) over datasets: (..., S).

    NaN for a seed that lacks one of the datasets. If no run is missing, the mean over seeds is the statistic itself.
    """
    chosen = np.take_along_axis(scores, np.maximum(choice, 0)[..., None, None], axis=-2)[..., 0, :]
    counts = (choice >= 0)[..., None]
    return _ratio(np.where(counts, chosen, 0.0).sum(axis=-2), counts.sum(axis=-2))


def chosen_seed_counts(scores: Floats, choice: Integers) -> Integers:
    """Count the seeds behind each statistic (...): the fewest that any of its datasets' chosen configurations has."""
    chosen = np.take_along_axis(scores, np.maximum(choice, 0)[..., None, None], axis=-2)[..., 0, :]
    seeds = np.isfinite(chosen).sum(axis=-1)
    fewest = np.where(choice >= 0, seeds, np.iinfo(np.int64).max).min(axis=-1)
    return np.where((choice >= 0).any(axis=-1), fewest, 0).astype(np.int64)


def resample_weights(rng: np.random.Generator, resamples: int, seeds: int) -> Floats:
    """Draw resamples as counts of each seed: (R, S). Rows sum to S."""
    return rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples).astype(np.float64)


def bootstrap_best(scores: Floats, weights: Floats) -> Floats:
    """Compute the statistic (R, ...) of scores (..., D, K, S) in every resample of the seeds (R, S).

    A seed is drawn with its runs of all designs and datasets of the task. The reason: runs of one seed share batches, initial
    parameters and evaluation resets. So the resamples keep this dependence in differences between bars and in means over
    datasets. Configurations are chosen again in each resample. NaN if a resample leaves a dataset without a score.
    """
    best = best_of(weighted_means(scores, weights))
    same_datasets = np.isfinite(best.by_dataset).sum(axis=-1) == np.isfinite(scores).any(axis=(-1, -2)).sum(axis=-1)
    return np.where(same_datasets, best.value, np.nan)


def percentile_interval(samples: Floats, level: float = 0.95) -> Interval:
    """Compute the percentile interval of bootstrap samples (R, ...). With few seeds it is too narrow: coverage 0.89 at 8."""
    tail = (1.0 - level) / 2.0
    there = np.isfinite(samples).any(axis=0)
    filled = np.where(there, samples, 0.0)
    low, high = np.nanquantile(filled, [tail, 1.0 - tail], axis=0)
    return Interval(low=np.where(there, low, np.nan), high=np.where(there, high, np.nan))


def t_interval(value: Floats, samples: Floats, seeds: Integers, level: float = 0.95) -> Interval:
    """Compute a small-sample interval of `value` (...) from bootstrap samples (R, ...) over `seeds` (...) seeds.

    value + (t-scaled quantiles) * sqrt(S / (S - 1)) * sd(samples). The root is there because the bootstrap's standard
    deviation has the population form. The t quantile is there because that deviation is estimated from S seeds. For a mean
    of normal scores this is the classical t interval, which has its nominal coverage at every S. The percentile interval
    lacks both corrections (Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015).
    A studentised bootstrap is not used: at 4 seeds one resample in 64 repeats a single seed, and its standard error is zero.
    NaN under `FEWEST_SEEDS`.

    The interval says how much the number varies with the seeds. It does not correct the selection bias: the best
    configuration is chosen on the same seeds. If many configurations are equally good, the interval lies too high, by as
    much as `selection_corrected` shows.
    """
    seeds = np.asarray(seeds)
    enough = (seeds >= FEWEST_SEEDS) & (np.isfinite(samples).sum(axis=0) > 1)
    freedom = np.where(enough, seeds - 1, 1)
    spread = np.nanstd(np.where(enough, samples, 0.0), axis=0) * np.sqrt((freedom + 1.0) / freedom)
    return skewed_interval(value, np.where(enough, spread, np.nan), freedom, 0.0, level)


def t_quantile(freedom: float, level: float = 0.95) -> float:
    """Return how many standard errors an interval of a normal estimate reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2.0))


def ratio_interval(
    over: float, under: float, covariance: Floats, freedom: float, limits: tuple[float, float], level: float = 0.95
) -> Interval:
    """Compute the interval of the ratio over / under of two estimates with a covariance (2, 2).

    It holds all ratios r for which over - r * under is within Student's t of 0.
    Fieller, Some Problems in Interval Estimation, JRSS B 16, 1954. The interval is clipped to `limits`. If `under` does not
    differ from 0 significantly, the interval is `limits`.
    """
    bound = t_quantile(freedom, level) ** 2 * covariance
    # (over - r * under)^2 is within its bound where a r^2 - 2 b r + c <= 0.
    a, b, c = under**2 - bound[1, 1], over * under - bound[0, 1], over**2 - bound[0, 0]
    if under <= 0.0 or a <= 0.0:
        return Interval(np.asarray(limits[0]), np.asarray(limits[1]))
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return Interval(np.clip((b - root) / a, *limits), np.clip((b + root) / a, *limits))


def skewed_interval(
    value: Floats, error: Floats, freedom: Floats | Integers, asymmetry: Floats | float, level: float = 0.95
) -> Interval:
    """Compute Student's interval of `value` with standard error `error`, corrected for skewness. All arrays are (...).

    `asymmetry` is a sixth of the skewness of the estimate itself. At 0 the interval is the classical one.
    Willink, A Confidence Interval and Test for the Mean of an Asymmetric Distribution, Communications in Statistics 34, 2005.
    """
    from scipy.special import stdtrit

    quantile = stdtrit(freedom, 0.5 + level / 2.0)
    return Interval(low=value - error * _unskewed(quantile, asymmetry), high=value - error * _unskewed(-quantile, asymmetry))


def skewed_p_value(value: Floats, error: Floats, freedom: Floats | Integers, asymmetry: Floats | float) -> Floats:
    """Compute the two-sided p-value (...) of a true value of 0. It is below 1 - level if `skewed_interval` excludes 0."""
    from scipy.special import stdtr

    asymmetry = np.asarray(asymmetry)
    ratio = value / error
    small = np.abs(asymmetry) < _SYMMETRIC
    a = np.where(small, 1.0, asymmetry)
    moved = np.where(small, ratio, ((1.0 + 2.0 * a * ratio) ** 3 - 1.0) / (6.0 * a) + a)
    return np.asarray(2.0 * stdtr(freedom, -np.abs(moved)), dtype=np.float64)


def _unskewed(quantile: Floats | float, asymmetry: Floats | float) -> Floats:
    """Convert a quantile of Student's t to the quantile of the studentised mean (Willink's G)."""
    asymmetry = np.asarray(asymmetry, dtype=np.float64)
    small = np.abs(asymmetry) < _SYMMETRIC
    a = np.where(small, 1.0, asymmetry)
    return np.where(small, quantile, (np.cbrt(1.0 + 6.0 * a * (quantile - a)) - 1.0) / (2.0 * a))


def seed_skewness(seed_scores: Floats) -> Floats:
    """Compute the skewness (...) of the finite values on the last axis (..., S). 0 under `FEWEST_SEEDS_FOR_SKEW` values.

    With fewer seeds the estimate is noise. At 4 seeds the median interval of normal scores would be half as wide again, and
    its coverage lower.
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
    """Split the seeds into a half that selects (True) and a half that scores, in all ways: (P, S).

    If there are more than `most` ways, `most` random ones are drawn. At 8 seeds there are 70 ways. If the number of seeds is
    odd, the larger half selects, because selection on all seeds is what is judged. Empty for one seed, which cannot be split.
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
    """Compute the statistic without selection bias: choose configurations on half of the seeds, score on the other half.

    Scores are (..., D, K, S) and splits (P, S). The result (...) is the mean over splits. NaN if no split has a score in both
    halves for every dataset.
    """
    chosen, held = (weighted_means(scores, half.astype(np.float64)) for half in (splits, ~splits))
    choice = best_of(chosen).choice
    reported = np.take_along_axis(held, np.maximum(choice, 0)[..., None], axis=-1)[..., 0]
    reported = np.where(choice >= 0, reported, np.nan)
    datasets = np.isfinite(scores).any(axis=(-1, -2))
    complete = (np.isfinite(reported) | ~datasets).all(axis=-1)
    value = _ratio(np.where(np.isfinite(reported), reported, 0.0).sum(axis=-1), np.sum(datasets, axis=-1))
    return _ratio(np.where(complete & datasets.any(axis=-1), value, 0.0).sum(axis=0), complete.sum(axis=0))


def corrected_seed_scores(scores: Floats, rng: np.random.Generator) -> Floats:
    """Compute each seed's part (..., S) in the selection-corrected score of scores (..., K, S). Their mean is the score.

    The parts are jackknife pseudo-values, score + (S - 1) * (mean of the scores without one seed - the score without this
    one). If one configuration is always chosen, they are the seeds' own scores. If configurations are close, they include the
    effect of a seed on the choice. The standard error of their mean is too large rather than too small.
    Efron and Stein, The Jackknife Estimate of Variance, The Annals of Statistics 9, 1981. `rng` draws splits if there are too
    many. NaN for a seed without a run. Under `FEWEST_SEEDS` there is no interval, and every part is the score itself.
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
    above, _ = compared(values)
    return np.where(np.isfinite(values), above + 1, 0).astype(np.int64)


def compared(values: Floats) -> tuple[Integers, Integers]:
    """Count along the last axis the values above each value, and those equal to it, itself among them."""
    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)
    difference = filled[..., None, :] - filled[..., :, None]
    both = there[..., None, :] & there[..., :, None]
    near = EQUAL * np.abs(filled).max(axis=-1, initial=0.0)[..., None, None]
    return (both & (difference > near)).sum(axis=-1), (both & (np.abs(difference) <= near)).sum(axis=-1)


def _ratio(numerator: NDArray[np.floating], denominator: NDArray[np.generic]) -> Floats:
    """Divide. Where the denominator is 0, the result is NaN, without a warning."""
    count = np.asarray(denominator, dtype=np.float64)
    ratio: Floats = np.divide(numerator, count, out=np.full(np.shape(numerator), np.nan), where=count > 0)
    return ratio
