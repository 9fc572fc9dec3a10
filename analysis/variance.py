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

from analysis.statistics import Floats, Interval, ratio_interval

AXES = ("decomposition", "value learning", "extraction")
TERMS: tuple[tuple[int, ...], ...] = tuple(term for size in (1, 2, 3) for term in combinations(range(len(AXES)), size))
"""What variance is divided among: each axis alone, each pair, all three; as indices of `AXES`."""


class Moments(NamedTuple):
    """Of every term's effects: sums over cells and datasets, for resamples in front (R, T)."""

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


def moments(scores: Floats, weights: Floats) -> Moments:
    """Moments of scores (X, V, E, D, S) without holes, in every resample, given as weights of seeds (R, S)."""
    seeds = weights.shape[-1]
    squared, noise = [], []
    for effect in effects(scores):
        flat = effect.reshape(-1, seeds)
        mean = flat @ weights.T / seeds
        variance = (flat**2) @ weights.T / seeds - mean**2
        squared.append((mean**2).mean(axis=0))
        noise.append(variance.mean(axis=0) / (seeds - 1))
    return Moments(np.stack(squared, axis=-1), np.stack(noise, axis=-1))


def shares(parts: Floats) -> Floats:
    """Shares (..., T) of the variance among designs; NaN where designs do not differ beyond noise."""
    total = parts.sum(axis=-1, keepdims=True)
    share: Floats = np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0.0)
    return share


def share_difference(parts: Floats, drawn: Floats, seeds: int, first: int, second: int) -> tuple[float, Interval]:
    """One term's share less another's, of parts (T,), and its interval, from the parts in every resample (R, T).

    Both ends of the fraction are uncertain, the lower the more the noisier the seeds: see `ratio_interval`.
    """
    share = shares(parts)
    over, under, over_drawn, under_drawn = (
        parts[first] - parts[second],
        parts.sum(),
        drawn[:, first] - drawn[:, second],
        drawn.sum(axis=1),
    )
    interval = ratio_interval(np.asarray(over), np.asarray(under), over_drawn, under_drawn, seeds, (-1.0, 1.0))
    return float(share[first] - share[second]), interval
