"""Whole distributions of scores, after Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice
(NeurIPS 2021): interquartile mean, performance profile and probability of improvement.

Shape letters: S seeds, C cells (whatever a design choice is judged on: tasks, datasets, the other choices), R resamples.
Arrays are (..., C, S) without holes. Intervals resample seeds, all cells of a seed together, for they are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, Integers

TRIMMED = 0.25
"""Share of the scores that the interquartile mean leaves out at either end."""


def resample_seeds(rng: np.random.Generator, resamples: int, seeds: int) -> Integers:
    """Which seeds make up each resample: (R, S)."""
    return rng.integers(seeds, size=(resamples, seeds))


def weights_of(draws: Integers) -> Floats:
    """How often each seed occurs in each resample (R, S)."""
    weights: Floats = (draws[:, None, :] == np.arange(draws.shape[-1])[:, None]).sum(axis=-1).astype(np.float64)
    return weights


def interquartile_mean(scores: Floats) -> Floats:
    """Mean of the middle half of all scores (..., C, S) of a choice, as `scipy.stats.trim_mean`; (...)."""
    flat = scores.reshape(*scores.shape[:-2], -1)
    cut = int(TRIMMED * flat.shape[-1])
    # Partitioned, not sorted: the middle half need not be in order.
    middle = np.partition(flat, (cut, flat.shape[-1] - cut - 1), axis=-1)[..., cut : flat.shape[-1] - cut]
    mean: Floats = middle.mean(axis=-1)
    return mean


def interquartile_samples(tasks: Sequence[tuple[Floats, Integers]]) -> Floats:
    """The interquartile mean (R, ...) of the scores (..., C, S) of all tasks together, each with its resamples (R, S)."""
    drawn = [np.moveaxis(scores[..., draws], -2, 0) for scores, draws in tasks]
    return interquartile_mean(np.concatenate([one.reshape(*one.shape[:-2], 1, -1) for one in drawn], axis=-1))


def performance_profile(scores: Floats, thresholds: Floats) -> Floats:
    """Share of the scores (..., C, S) above each threshold (T,): (..., T)."""
    flat = np.sort(scores.reshape(-1, scores.shape[-2] * scores.shape[-1]), axis=-1)
    above = np.stack([flat.shape[-1] - np.searchsorted(row, thresholds, side="right") for row in flat])
    share: Floats = (above / flat.shape[-1]).reshape(*scores.shape[:-2], len(thresholds))
    return share


def profile_samples(scores: Floats, thresholds: Floats, weights: Floats) -> Floats:
    """The profile (R, ..., T) of scores (..., C, S) in every resample, given as weights of seeds (R, S)."""
    above = np.stack([(scores > threshold).mean(axis=-2) for threshold in thresholds], axis=-2)
    share: Floats = np.moveaxis(above @ weights.T, -1, 0) / weights.shape[-1]
    return share


def wins(first: Floats, second: Floats) -> Floats:
    """How often a seed of one choice beats a seed of the other (S, S), over the cells of both (C, S); a tie counts half."""
    above, equal = first[:, :, None] > second[:, None, :], first[:, :, None] == second[:, None, :]
    won: Floats = (above + 0.5 * equal).mean(axis=0)
    return won


def probability_of_improvement(won: Floats) -> float:
    """Probability that a run of one choice scores above a run of the other, mean over cells (of `wins`).

    In each cell it is the Mann-Whitney statistic over the product of the numbers of seeds.
    """
    return float(won.mean())


def improvement_samples(won: Floats, weights: Floats) -> Floats:
    """The probability of improvement (R,) in every resample; a seed is drawn with both choices' runs."""
    share: Floats = np.einsum("rs,st,rt->r", weights, won, weights) / weights.shape[-1] ** 2
    return share
