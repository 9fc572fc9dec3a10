"""Estimates the variance of designs with several configurations. No seed both chooses a configuration and scores it.

Half of the seeds chooses each design's best configuration. Every other seed then gives effects of its own. The product of
two seeds' effects is a squared effect without noise, because their noise is independent. The mean over all pairs is the
mean over all pairs of disjoint quarters. The mean over all halves uses every seed alike.

The estimate is of designs that were each tuned on half of the seeds. Luck in tuning makes such designs differ, and counts.

Shape letters: X, V, E the axes of `variance`, D datasets, K configurations, S seeds, P splits, T terms of `variance`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import two_sided_p_value, welch_freedom
from recipe_sweep.analysis.estimators.seed_pairs import ROUNDING, pair_surplus
from recipe_sweep.analysis.estimators.seed_statistics import (
    FEWEST_SEEDS,
    SPLIT_SEED,
    Booleans,
    Floats,
    Integers,
    Interval,
    half_splits,
    ratio_interval,
    t_quantile,
    weighted_means,
)
from recipe_sweep.analysis.estimators.variance import TERMS

MOST_SPLITS = 100
"""All ways to halve the seeds are taken up to this number: all 70 of 8 seeds. Of more seeds, so many are drawn."""


class CrossFit(NamedTuple):
    """Variances of the terms without noise, summed over N tasks."""

    parts: Floats
    """(T,); may lie below 0"""
    covariances: Floats
    """(N, T, T), each from a jackknife over a task's seeds"""
    surpluses: Floats
    """(N, T, T): what the jackknife has too much of the chance of pairs of seeds"""
    seeds: Integers
    """(N,); of each task's datasets the fewest seeds in which every design has a run"""

    @property
    def total(self) -> float:
        """Variance among all designs."""
        return float(self.parts.sum())

    @property
    def total_interval(self) -> Interval:
        """Student's 95 % interval of the total."""
        ones = np.ones_like(self.parts)
        reach = t_quantile(self.freedom(ones)) * np.sqrt(self.covariance(ones[None])[0, 0])
        return Interval(np.asarray(self.total - reach), np.asarray(self.total + reach))

    def covariance(self, ends: Floats) -> Floats:
        """Compute the covariances (M, M) of sums of the parts with weights (M, T)."""
        whole, surplus = (ends @ each.sum(axis=0) @ ends.T for each in (self.covariances, self.surpluses))
        return _less_surplus(whole, surplus, int(self.seeds.min()))

    def freedom(self, weights: Floats) -> float:
        """Compute the degrees of freedom of a sum of the parts with weights (T,), after Welch and Satterthwaite."""
        variances = np.einsum("nab,a,b->n", self.covariances, weights, weights)
        return welch_freedom(variances, self.seeds - 1)


def cross_fit(scores: Floats) -> CrossFit | None:
    """Estimate the terms' variances from scores (X, V, E, D, K, S), averaged over datasets.

    NaN is a run that is not there, or a configuration that a design does not have. A seed counts where every design has a
    run, a dataset where `FEWEST_SEEDS` of them do. None where no dataset does.
    """
    there: Booleans = np.all(np.isfinite(scores).any(axis=-2), axis=(0, 1, 2))
    complete = there.sum(axis=-1)
    enough = complete >= FEWEST_SEEDS
    if not enough.any():
        return None
    scores = scores[:, :, :, enough][..., there[enough].any(axis=0)]
    products = _pair_products(scores)
    parts = products.mean()
    without = np.stack([unbiased_parts(np.delete(scores, s, axis=-1)) for s in range(scores.shape[-1])])
    if not (np.isfinite(parts).all() and np.isfinite(without).all()):
        return None
    off = without - without.mean(axis=0)
    seeds = len(without)
    covariance = off.T @ off * (seeds - 1) / seeds
    return CrossFit(parts, covariance[None], products.surplus()[None], complete[enough].min(keepdims=True))


def together(fits: Sequence[CrossFit]) -> CrossFit:
    """Add up the variances of tasks, at least one."""
    parts, covariances, surpluses, seeds = zip(*fits, strict=True)
    return CrossFit(np.sum(parts, axis=0), np.concatenate(covariances), np.concatenate(surpluses), np.concatenate(seeds))


def share_difference(fit: CrossFit, first: int, second: int) -> tuple[float, Interval] | None:
    """Compute one term's share minus another's, and its interval. Both may lie beyond -1 and 1.

    None where the total's lower bound is not above 0. Shares of a total that may be 0 say nothing. Both ends of the
    fraction are uncertain (`ratio_interval`).
    """
    if not fit.total_interval.low > 0.0:
        return None
    difference = np.eye(len(TERMS))[first] - np.eye(len(TERMS))[second]
    ends = np.stack([difference, np.ones(len(TERMS))])
    over, under = ends @ fit.parts
    interval = ratio_interval(over, under, fit.covariance(ends), fit.freedom(difference), (-np.inf, np.inf))
    return (float(over / under), interval) if np.isfinite(interval).all() else None


def share_p_value(fit: CrossFit, first: int, second: int) -> float:
    """Compute the two-sided p-value of equal shares. It is below 0.05 if the interval of `share_difference` excludes 0.

    Two shares of one total are equal if their numerators are, so the total's error does not count.
    """
    difference = np.eye(len(TERMS))[first] - np.eye(len(TERMS))[second]
    error = np.sqrt(fit.covariance(np.stack([difference, np.ones(len(TERMS))]))[0, 0])
    return two_sided_p_value(float(difference @ fit.parts), float(error), fit.freedom(difference))


def unbiased_parts(scores: Floats) -> Floats:
    """Average products of two seeds' effects (T,) over pairs of seeds, halves and datasets; NaN where a dataset has none."""
    return _pair_products(scores).mean()


class _Products(NamedTuple):
    """Products of two seeds' effects, summed over the halves in which neither of the two chooses."""

    sums: Floats
    """(T, D, S, S); 0 for a seed with itself"""
    halves: Floats
    """(D, S, S): in how many halves neither chooses"""

    def mean(self) -> Floats:
        """Average (T,) over pairs of seeds, halves and datasets."""
        pairs = self.halves.sum(axis=(-1, -2))
        sums = self.sums.sum(axis=(-1, -2))
        by_dataset = np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)
        mean: Floats = by_dataset.mean(axis=-1)
        return mean

    def surplus(self) -> Floats:
        """Compute what a jackknife has too much in the covariances (T, T) of `mean`, by pairs that all datasets have."""
        known = self.halves > 0
        products = np.divide(self.sums, self.halves, out=np.zeros_like(self.sums), where=known)
        return pair_surplus(products.mean(axis=1), np.all(known, axis=0))


def _pair_products(scores: Floats) -> _Products:
    """Multiply two seeds' effects of scores (X, V, E, D, K, S), in all halves."""
    # The smaller half of an odd number chooses, because at least two seeds must be left.
    choosing = ~half_splits(np.random.default_rng(SPLIT_SEED), scores.shape[-1], MOST_SPLITS)
    chosen = chosen_by_halves(scores, choosing)
    usable: Booleans = np.all(np.isfinite(chosen), axis=(0, 1, 2)) & ~choosing[:, None]
    found = _contrasts(np.where(usable, chosen, 0.0))
    cells, apart = math.prod(scores.shape[:3]), 1.0 - np.eye(scores.shape[-1])
    sums = np.stack([_outer(found[_of_term(term)].reshape(-1, *found.shape[3:])) for term in TERMS]) / cells
    return _Products(sums * apart, _outer(usable[None].astype(np.float64)) * apart)


def _outer(rows: Floats) -> Floats:
    """Sum the outer products (D, S, S) of rows (C, P, D, S) over C and P."""
    flat = np.moveaxis(rows, 2, 0).reshape(rows.shape[2], -1, rows.shape[3])
    outer: Floats = np.swapaxes(flat, -1, -2) @ flat
    return outer


def _less_surplus(covariance: Floats, surplus: Floats, seeds: int) -> Floats:
    """Correct a jackknife's covariance (M, M), which is too large for means over pairs of seeds.

    `pair_surplus` says how much. In every direction a share of (n - 2) / (2 (n - 1)) stays, because more is never too much.
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > ROUNDING * values.max(initial=0.0)
    root = vectors[:, kept] * np.sqrt(values[kept])
    inverse = vectors[:, kept] / np.sqrt(values[kept])
    relative = inverse.T @ surplus @ inverse
    share, turned = np.linalg.eigh((relative + relative.T) / 2.0)
    left = 1.0 - np.clip(share, 0.0, 1.0 - (seeds - 2) / (2.0 * (seeds - 1)))
    whole = root @ turned
    found: Floats = (whole * left) @ whole.T
    return found


def _contrasts(scores: Floats) -> Floats:
    """Turn scores (X, V, E, ...) into as many coefficients; squares of those of a term add up to those of its effects."""
    rounding = ROUNDING * np.abs(scores).max()
    for axis in range(3):
        size = scores.shape[axis]
        basis, _ = np.linalg.qr(np.column_stack([np.ones(size), np.eye(size)[:, 1:]]))
        scores = np.moveaxis(np.tensordot(basis, scores, axes=(0, axis)), 0, axis)
    return np.where(np.abs(scores) > rounding, scores, 0.0)


def _of_term(term: tuple[int, ...]) -> tuple[slice, ...]:
    """Say where a term's coefficients are: the first place of an axis is the mean over it."""
    return tuple(slice(1, None) if axis in term else slice(0, 1) for axis in range(3))


def chosen_by_halves(scores: Floats, choosing: Booleans) -> Floats:
    """Pick the best configuration in each half (P, S) of scores (X, V, E, D, K, S).

    Returns the scores of all seeds: (X, V, E, P, D, S).

    NaN where a half has no run.
    """
    means = np.moveaxis(weighted_means(scores, choosing.astype(np.float64)), 0, -1)  # (X, V, E, D, K, P)
    means = np.where(np.isfinite(means), means, -np.inf)
    choice = means.argmax(axis=-2)[..., None, :, None]
    chosen = np.take_along_axis(scores[..., None, :], choice, axis=-3)[..., 0, :, :]
    found = np.where(np.isfinite(means.max(axis=-2))[..., None], chosen, np.nan)
    return np.moveaxis(found, -2, 3)
