"""The selection-corrected mean of a design with what each seed adds to it, from which all of its intervals follow.

Configurations are chosen on half of the seeds and scored on the other half. A seed moves the result in two ways: by its own
scores, and by what it lets the other seeds choose. Both are first-order effects. They miss that two seeds can decide together.
So an interval from them alone is too narrow where one configuration is a little better than others. The jackknife counts
that effect twice or more, so its interval is too wide where configurations are equal. We take two thirds of the first and one
third of the second. `scripts/interval_coverage.py` shows the coverage. With one configuration all are the seeds' own scores.

Shape letters as in `seed_statistics`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import (
    FEWEST_SEEDS,
    Booleans,
    Floats,
    Integers,
    Interval,
    best_of,
    corrected_seed_scores,
    half_splits,
    seed_means,
    seed_skewness,
    skewed_interval,
    weighted_means,
)

JACKKNIFE_SHARE = 1.0 / 3.0
"""Share of the jackknife in a seed's part. At 0 the coverage falls to 0.87, at 1 it rises to 0.99."""


class CorrectedMean(NamedTuple):
    """Selection-corrected scores, averaged over datasets."""

    value: Floats
    """(...): NaN if a dataset with runs has no seed left to score with"""
    pull: Floats
    """(..., S): what each seed adds to the value, with mean 0; 0 also where a seed has no run"""
    seed_scores: Floats
    """(..., S): each seed's part; NaN if it lacks a dataset. Their mean is the value if no run is missing."""


def corrected_mean(scores: Floats, rng: np.random.Generator) -> CorrectedMean:
    """Average scores (..., D, K, S) over datasets, with configurations that other seeds chose. `rng` draws splits if many."""
    parts = corrected_parts(scores, rng)
    means = seed_means(parts)
    there = np.isfinite(parts)
    datasets: Booleans = np.asarray(np.isfinite(scores).any(axis=(-1, -2)))
    counts = np.maximum(datasets.sum(axis=-1), 1)
    off = np.where(there, parts - means[..., None], 0.0) / np.maximum(there.sum(axis=-1), 1)[..., None]
    whole: Booleans = np.asarray(np.all(np.isfinite(means) | ~datasets, axis=-1)) & datasets.any(axis=-1)
    value = np.where(whole, np.where(np.isfinite(means), means, 0.0).sum(axis=-1) / counts, np.nan)
    complete = np.all(there | ~datasets[..., None], axis=-2) & whole[..., None]
    seed_scores = np.where(complete, np.where(there, parts, 0.0).sum(axis=-2) / counts[..., None], np.nan)
    return CorrectedMean(value, off.sum(axis=-2) / counts[..., None], seed_scores)


def corrected_parts(scores: Floats, rng: np.random.Generator) -> Floats:
    """Compute each seed's part (..., S) in the selection-corrected score of scores (..., K, S). Their mean is the score.

    Under `FEWEST_SEEDS` a part is the seed's mean score at the configurations that other seeds chose. NaN without a run.
    """
    seeds = scores.shape[-1]
    splits = half_splits(rng, seeds)
    found = _by_splits(scores, splits)
    if seeds < FEWEST_SEEDS:
        return found.own
    there = np.isfinite(found.own)
    jackknife, steering = (np.where(there, one, np.nan) for one in (corrected_seed_scores(scores, rng), found.steering))
    first = _centred(found.own) + (there.sum(axis=-1, keepdims=True) - 1.0) * _centred(steering)
    mixed: Floats = found.score[..., None] + (1.0 - JACKKNIFE_SHARE) * first + JACKKNIFE_SHARE * _centred(jackknife)
    return np.where(there.sum(axis=-1, keepdims=True) < FEWEST_SEEDS, found.own, mixed)


def mean_error(pull: Floats, seeds: Integers) -> Floats:
    """Compute the standard error (...) of a value from what its seeds add (..., S). NaN under `FEWEST_SEEDS` seeds (...)."""
    enough: Booleans = np.asarray(seeds) >= FEWEST_SEEDS
    count = np.where(enough, seeds, FEWEST_SEEDS)
    return np.where(enough, np.sqrt((pull**2).sum(axis=-1) * count / (count - 1.0)), np.nan)


def corrected_interval(mean: CorrectedMean, seeds: Integers, level: float = 0.95) -> Interval:
    """Compute Student's interval of the values (...) over `seeds` (...), corrected for skewness. NaN under `FEWEST_SEEDS`."""
    freedom = np.maximum(np.asarray(seeds) - 1, 1)
    asymmetry = seed_skewness(mean.seed_scores) / (6.0 * np.sqrt(freedom + 1.0))
    return skewed_interval(mean.value, mean_error(mean.pull, seeds), freedom, asymmetry, level)


class _BySplits(NamedTuple):
    """What all splits of the seeds together say of scores (..., K, S)."""

    score: Floats
    """(...): the selection-corrected score"""
    own: Floats
    """(..., S): a seed's mean score at the configurations that splits without it chose; NaN for a seed without a run"""
    steering: Floats
    """(..., S): how much better the chosen configurations are when the seed is among those that choose"""


def _by_splits(scores: Floats, splits: Booleans) -> _BySplits:
    seeds = scores.shape[-1]
    chooses = splits.astype(np.float64)
    choice = best_of(weighted_means(scores, chooses)[..., None, :]).choice[..., 0]
    taken = np.maximum(choice, 0)[..., None]
    got = np.take_along_axis(scores[None], taken[..., None], axis=-2)[..., 0, :]
    judges = ~splits.reshape(len(splits), *(1,) * (scores.ndim - 2), seeds) & np.isfinite(got) & (choice >= 0)[..., None]
    kept = np.where(judges, got, 0.0)
    usable = judges.any(axis=-1)
    by_split = kept.sum(axis=-1) / np.maximum(judges.sum(axis=-1), 1)
    times, used = judges.sum(axis=0), usable.sum(axis=0)
    own = np.divide(kept.sum(axis=0), times, out=np.full(times.shape, np.nan), where=times > 0)
    score = np.divide(by_split.sum(axis=0), used, out=np.full(used.shape, np.nan), where=used > 0)
    worth = np.take_along_axis(seed_means(scores)[None], taken, axis=-1)[..., 0]
    worth = np.where(usable, worth - np.where(usable, worth, 0.0).sum(axis=0) / np.maximum(used, 1), 0.0)
    usual = chooses.sum(axis=0) / max(len(splits), 1)
    present = (chooses - usual) * seeds / max(seeds - math.ceil(seeds / 2), 1) / max(len(splits), 1)
    return _BySplits(score, own, np.moveaxis(np.tensordot(present, worth, axes=(0, 0)), 0, -1))


def _centred(values: Floats) -> Floats:
    return values - seed_means(values)[..., None]
