"""How much of the differences between designs each axis explains, and each pair of axes together.

Within a dataset the designs' true scores differ by main effects of the axes (decomposition, value learning, extraction), by
what pairs of them do together, and by what all three do; of a full product these parts are orthogonal and their mean squares
add up. An effect estimated from seeds is too large by the variance of its mean, which is subtracted, so that an axis without
effect explains 0 and not its share of the noise. Shares are of the sum over datasets.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, Interval, ratio_interval

AXES = ("decomposition", "value learning", "extraction")
TERMS: tuple[tuple[int, ...], ...] = tuple(term for size in (1, 2, 3) for term in combinations(range(len(AXES)), size))
"""What variance is divided among: each axis alone, each pair, all three; as indices of `AXES`."""


class Moments(NamedTuple):
    """Of every term's effects (T,)."""

    squared: Floats
    """mean squares of the effects, too large by `noise`"""
    noise: Floats
    """mean variance of the effects' means over seeds"""

    @property
    def parts(self) -> Floats:
        """Variance of each term without noise; may lie a little below 0 where there is none."""
        return self.squared - self.noise


def effects(scores: Floats) -> tuple[Floats, ...]:
    """Effects of every term of scores (X, V, E, ...), each of the shape of `scores`: what is left of the mean over the other
    axes once the effects of fewer axes are taken away.
    """
    found: dict[tuple[int, ...], Floats] = {(): np.broadcast_to(scores.mean(axis=(0, 1, 2), keepdims=True), scores.shape)}
    for term in TERMS:
        others = tuple(axis for axis in range(len(AXES)) if axis not in term)
        mean = scores.mean(axis=others, keepdims=True) if others else scores
        smaller = sum(found[part] for size in range(len(term)) for part in combinations(term, size))
        found[term] = np.broadcast_to(mean, scores.shape) - smaller
    return tuple(found[term] for term in TERMS)


def moments(scores: Floats) -> Moments:
    """Moments of scores (X, V, E, D, S) without holes, in at least two seeds."""
    found = effects(scores)
    squared = [(effect.mean(axis=-1) ** 2).mean() for effect in found]
    noise = [effect.var(axis=-1, ddof=1).mean() / scores.shape[-1] for effect in found]
    return Moments(np.array(squared), np.array(noise))


def shares(parts: Floats) -> Floats:
    """Shares (..., T) of the variance among designs; NaN where designs do not differ beyond noise."""
    total = parts.sum(axis=-1, keepdims=True)
    share: Floats = np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0.0)
    return share


def jackknife(scores: Floats) -> Floats:
    """Covariance (T, T) of the parts of scores (X, V, E, D, S), from what each is without one seed after another; NaN of two.

    Not from resamples of seeds: their squares hold the noise once more, which where there is little else makes their spread
    up to thrice as wide.
    """
    seeds = scores.shape[-1]
    if seeds < 3:
        return np.full((len(TERMS), len(TERMS)), np.nan)
    without = np.stack([moments(np.delete(scores, s, axis=-1)).parts for s in range(seeds)])
    off = without - without.mean(axis=0)
    covariance: Floats = off.T @ off * (seeds - 1) / seeds
    return covariance


def share_difference(parts: Floats, covariance: Floats, seeds: int, first: int, second: int) -> tuple[float, Interval]:
    """One term's share less another's, of parts (T,) with a covariance (T, T), and its interval.

    Both ends of the fraction are uncertain, the lower the more the noisier the seeds: see `ratio_interval`.
    """
    share = shares(parts)
    ends = np.stack([np.eye(len(parts))[first] - np.eye(len(parts))[second], np.ones(len(parts))])
    over, under = ends @ parts
    return float(share[first] - share[second]), ratio_interval(over, under, ends @ covariance @ ends.T, seeds - 1, (-1.0, 1.0))
