"""Statistics of whole score distributions: interquartile mean, performance profile and probability of improvement.

After Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice (NeurIPS 2021).

Shape letters: S seeds, C cells (task, dataset and the other choices), R resamples. Arrays are (..., C, S) and have no NaN.
Intervals resample seeds. All cells of a seed are drawn together, because they are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, Integers

TRIMMED = 0.25
"""Share of the scores that the interquartile mean drops at each end."""


def resample_seeds(rng: np.random.Generator, resamples: int, seeds: int) -> Integers:
    """Draw the seeds of each resample: (R, S)."""
    return rng.integers(seeds, size=(resamples, seeds))


def weights_of(draws: Integers) -> Floats:
    """Count how often each seed occurs in each resample: (R, S)."""
    weights: Floats = (draws[:, None, :] == np.arange(draws.shape[-1])[:, None]).sum(axis=-1).astype(np.float64)
    return weights


def interquartile_mean(scores: Floats) -> Floats:
    """Average the middle half of the scores (..., C, S), as `scipy.stats.trim_mean`: (...)."""
    flat = scores.reshape(*scores.shape[:-2], -1)
    cut = int(TRIMMED * flat.shape[-1])
    # Partitioned, not sorted: the middle half need not be in order.
    middle = np.partition(flat, (cut, flat.shape[-1] - cut - 1), axis=-1)[..., cut : flat.shape[-1] - cut]
    mean: Floats = middle.mean(axis=-1)
    return mean


def interquartile_samples(tasks: Sequence[tuple[Floats, Integers]]) -> Floats:
    """Compute the interquartile mean (R, ...) of all tasks together. Each has scores (..., C, S) and resamples (R, S)."""
    drawn = [np.moveaxis(scores[..., draws], -2, 0) for scores, draws in tasks]
    return interquartile_mean(np.concatenate([one.reshape(*one.shape[:-2], 1, -1) for one in drawn], axis=-1))


def performance_profile(scores: Floats, thresholds: Floats) -> Floats:
    """Compute the share (..., T) of the scores (..., C, S) above each threshold (T,)."""
    flat = np.sort(scores.reshape(-1, scores.shape[-2] * scores.shape[-1]), axis=-1)
    above = np.stack([flat.shape[-1] - np.searchsorted(row, thresholds, side="right") for row in flat])
    share: Floats = (above / flat.shape[-1]).reshape(*scores.shape[:-2], len(thresholds))
    return share


def profile_samples(scores: Floats, thresholds: Floats, weights: Floats) -> Floats:
    """Compute the profile (R, ..., T) of scores (..., C, S) in every resample. Weights of seeds: (R, S)."""
    above = np.stack([(scores > threshold).mean(axis=-2) for threshold in thresholds], axis=-2)
    share: Floats = np.moveaxis(above @ weights.T, -1, 0) / weights.shape[-1]
    return share


def wins(first: Floats, second: Floats) -> Floats:
    """Compute the share of cells where a seed of one choice beats a seed of the other: (S, S).

    Scores of both are (C, S). A tie counts half.
    """
    above, equal = first[:, :, None] > second[:, None, :], first[:, :, None] == second[:, None, :]
    won: Floats = (above + 0.5 * equal).mean(axis=0)
    return won


def probability_of_improvement(won: Floats) -> float:
    """Estimate the probability that a run of one choice scores above a run of the other. Mean over cells (`wins`).

    In each cell this is the Mann-Whitney statistic divided by the product of the numbers of seeds.
    """
    return float(won.mean())


def improvement_samples(won: Floats, weights: Floats) -> Floats:
    """Compute the probability of improvement (R,) in every resample. A seed is drawn with the runs of both choices."""
    share: Floats = np.einsum("rs,st,rt->r", weights, won, weights) / weights.shape[-1] ** 2
    return share
