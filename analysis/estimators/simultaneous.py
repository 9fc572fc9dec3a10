"""All pairs of designs at once: which of them differ, so that the whole list of differences is right with 95 % confidence.

The best design is chosen by its own score, so its leads are the largest of all pairs. A correction for the leads of one design
alone forgets this choice. Hsu's comparison with the best has a smaller critical value, but it says less: that a design is not
the only best one. Here a design is said to be worse than the chosen one, so the correction is for all pairs.

The critical value is Bonferroni's, because each pair has a variance of its own. That of a common variance (Tukey's range) is
smaller, but it is wrong if designs differ in noise.

Shape letters: N designs, C strata (a task with a dataset), S seeds. A missing score is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import welch_freedom
from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS, Booleans, Floats, Integers


class Pairs(NamedTuple):
    """The differences of all pairs of designs; every array is (N, N), first minus second."""

    difference: Floats
    """mean over strata of the mean over the seeds that both have; NaN without a standard error"""
    error: Floats
    """standard error; NaN if a stratum has fewer than `FEWEST_SEEDS` common seeds"""
    critical: float
    """the simultaneous intervals are `difference` +- `critical` * `error`; NaN if no pair has an error"""

    @property
    def ahead(self) -> Booleans:
        """Mark the pairs whose first design is better, all of them together with 95 % confidence."""
        ahead: Booleans = self.difference > self.critical * self.error
        return ahead


def all_pairs(scores: Floats, level: float = 0.95) -> Pairs:
    """Compare all pairs of designs by scores (N, C, S), within seeds.

    The variances of a pair's strata are pooled, and each pair has its own, because designs differ in noise. A seed's effect on
    a design is taken to be its own in each stratum.
    """
    from scipy.special import stdtrit

    count, mean, variance = _moments(scores)
    enough: Booleans = np.all(count >= FEWEST_SEEDS, axis=-1)
    squared = variance / np.maximum(count, 1)
    error = np.where(enough, np.sqrt(squared.sum(axis=-1)) / scores.shape[1], np.nan)
    difference = np.where(enough, mean.mean(axis=-1), np.nan)
    first, second = np.triu_indices(len(scores), 1)
    known = enough[first, second]
    if not known.any():
        return Pairs(difference, error, np.nan)
    freedom = _freedom(squared[first, second][known], count[first, second][known])
    tail = (1.0 - level) / 2.0 / known.sum()
    return Pairs(difference, error, float(-stdtrit(freedom, tail)))


def _freedom(squared: Floats, count: Integers) -> float:
    """Compute the degrees of freedom of all pairs' errors from their strata's squared errors and seeds, both (P, C).

    This is Welch and Satterthwaite's formula for the mean over pairs. A pair's own few seeds say little about its strata.
    """
    return welch_freedom(squared.mean(axis=0), count.min(axis=0) - 1)


def _moments(scores: Floats) -> tuple[Integers, Floats, Floats]:
    """Compute number, mean and variance (N, N, C) of the differences of all pairs over the seeds that both have."""
    difference = scores[:, None] - scores[None]
    there = np.isfinite(difference)
    count: Integers = there.sum(axis=-1)
    mean = np.where(there, difference, 0.0).sum(axis=-1) / np.maximum(count, 1)
    off = np.where(there, difference - mean[..., None], 0.0)
    return count, mean, (off**2).sum(axis=-1) / np.maximum(count - 1, 1)
