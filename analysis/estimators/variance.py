"""Analysis of variance: the share of the variance among designs that each axis and each combination of axes explains.

Within a dataset the scores of designs have main effects of the axes (decomposition, value learning, extraction). They also
have interactions of two axes and of all three. In a full product of designs these parts are orthogonal, so their mean squares
add up. The square of an estimated effect is too large by the variance of its mean over seeds. This variance is subtracted, so
an axis without effect explains 0. Shares are shares of the sum over datasets.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, Interval, ratio_interval

AXES = ("decomposition", "value learning", "extraction")
TERMS: tuple[tuple[int, ...], ...] = tuple(term for size in (1, 2, 3) for term in combinations(range(len(AXES)), size))
"""The terms of the analysis of variance: each axis, each pair, all three; as indices of `AXES`."""


class Moments(NamedTuple):
    """Second moments of the effects of every term (T,)."""

    squared: Floats
    """mean squares of the effects, which are too large by `noise`"""
    noise: Floats
    """mean variance of the effects' means over seeds"""

    @property
    def parts(self) -> Floats:
        """Variance of each term without noise. It may be slightly below 0 for a term without effect."""
        return self.squared - self.noise


def effects(scores: Floats) -> tuple[Floats, ...]:
    """Compute the effects of every term of scores (X, V, E, ...). Each has the shape of `scores`.

    An effect is the mean over the axes outside the term, minus the effects of all smaller terms.
    """
    found: dict[tuple[int, ...], Floats] = {(): np.broadcast_to(scores.mean(axis=(0, 1, 2), keepdims=True), scores.shape)}
    for term in TERMS:
        others = tuple(axis for axis in range(len(AXES)) if axis not in term)
        mean = scores.mean(axis=others, keepdims=True) if others else scores
        smaller = sum(found[part] for size in range(len(term)) for part in combinations(term, size))
        found[term] = np.broadcast_to(mean, scores.shape) - smaller
    return tuple(found[term] for term in TERMS)


def moments(scores: Floats) -> Moments:
    """Compute the moments of scores (X, V, E, D, S), which have no NaN and at least two seeds."""
    found = effects(scores)
    squared = [(effect.mean(axis=-1) ** 2).mean() for effect in found]
    noise = [effect.var(axis=-1, ddof=1).mean() / scores.shape[-1] for effect in found]
    return Moments(np.array(squared), np.array(noise))


def shares(parts: Floats) -> Floats:
    """Divide parts (..., T) by their sum: shares of the variance among designs. NaN if designs differ by noise alone."""
    total = parts.sum(axis=-1, keepdims=True)
    share: Floats = np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0.0)
    return share


def jackknife(scores: Floats) -> Floats:
    """Estimate the covariance (T, T) of the parts of scores (X, V, E, D, S) with the jackknife. NaN under three seeds.

    Resamples of seeds are not used, because their squares contain the noise a second time. If the rest is small, the spread
    would be up to three times too wide.
    """
    seeds = scores.shape[-1]
    if seeds < 3:
        return np.full((len(TERMS), len(TERMS)), np.nan)
    without = np.stack([moments(np.delete(scores, s, axis=-1)).parts for s in range(seeds)])
    off = without - without.mean(axis=0)
    covariance: Floats = off.T @ off * (seeds - 1) / seeds
    return covariance


def share_difference(parts: Floats, covariance: Floats, seeds: int, first: int, second: int) -> tuple[float, Interval]:
    """Subtract the share of term `second` from that of `first`, and compute the interval of the difference.

    Parts are (T,) and their covariance (T, T). Numerator and denominator of a share are both uncertain: see `ratio_interval`.
    """
    share = shares(parts)
    ends = np.stack([np.eye(len(parts))[first] - np.eye(len(parts))[second], np.ones(len(parts))])
    over, under = ends @ parts
    return float(share[first] - share[second]), ratio_interval(over, under, ends @ covariance @ ends.T, seeds - 1, (-1.0, 1.0))
