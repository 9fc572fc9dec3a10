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


def t_interval(value: Floats, samples: Floats, seeds: Integers, level: float = 0.95) -> Interval:
    """Small-sample interval of `value` (...) from its bootstrap samples (R, ...) over `seeds` (...) seeds.

    value ± t(S - 1) * sqrt(S / (S - 1)) * sd(samples). The bootstrap's standard deviation takes the population form, hence
    the root; the t quantile pays for estimating it from S seeds. For a mean this is the classical t interval, which holds
    its level at every S on normal scores; the percentile interval lacks both corrections (Hesterberg, What Teachers Should
    Know About the Bootstrap, The American Statistician 69, 2015). A studentised bootstrap was not taken: at 4 seeds one
    resample in 64 repeats a single seed, and its standard error is zero. NaN under `FEWEST_SEEDS`.

    The interval says how far the number would move with other seeds. It does not undo the optimism of choosing the best on
    the same seeds: where many configurations are equally good it lies too high, by as much as `selection_corrected` shows.
    """
    from scipy.special import stdtrit

    seeds = np.asarray(seeds)
    enough = (seeds >= FEWEST_SEEDS) & (np.isfinite(samples).sum(axis=0) > 1)
    freedom = np.where(enough, seeds - 1, 1)
    quantile = stdtrit(freedom, 0.5 + level / 2.0)
    spread = np.nanstd(np.where(enough, samples, 0.0), axis=0) * np.sqrt((freedom + 1.0) / freedom)
    reach = np.where(enough, quantile * spread, np.nan)
    return Interval(low=value - reach, high=value + reach)


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
