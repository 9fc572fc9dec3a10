"""Analysis of variance: the share of the variance among designs that each axis and each combination of axes explains.

Within a dataset the true scores of designs have main effects of the axes (decomposition, value learning, extraction). They also
have interactions of two axes and of all three. In a full product of designs these parts are orthogonal, so their mean squares
add up. Shares are shares of the sum over datasets. `crossfit` estimates the parts from seeds.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats

AXES = ("decomposition", "value learning", "extraction")
TERMS: tuple[tuple[int, ...], ...] = tuple(term for size in (1, 2, 3) for term in combinations(range(len(AXES)), size))
"""The terms of the analysis of variance: each axis, each pair, all three; as indices of `AXES`."""


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


def true_parts(truth: Floats) -> Floats:
    """Compute the mean squared effects (T,) of known scores (X, V, E, ...), which are the terms' variances."""
    return np.array([(effect**2).mean() for effect in effects(truth)])


def shares(parts: Floats) -> Floats:
    """Divide parts (..., T) by their sum: shares of the variance among designs. NaN if designs differ by noise alone."""
    total = parts.sum(axis=-1, keepdims=True)
    share: Floats = np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0.0)
    return share
