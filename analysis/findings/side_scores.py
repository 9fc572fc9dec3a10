"""Scores the designs of one of two sweeps in each seed. Neither sweep gains by choosing among more configurations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import (
    SPLIT_SEED,
    Booleans,
    Floats,
    Integers,
    best_of,
    chosen_seed_scores,
    corrected_seed_scores,
    seed_means,
)
from recipe_sweep.analysis.results.scores import TaskScores


class SeedScores(NamedTuple):
    """One side's scores of each design in each seed, over the datasets that both sides have."""

    corrected: Floats
    """(X, V, E, S): each seed's part in the selection-corrected score; NaN with one seed"""
    best: Floats
    """(X, V, E, S): Figure 7's statistic"""
    counts: Integers
    """(X, V, E): configurations with a score; of datasets that differ, the largest number"""

    def at(self, x: int, v: int, e: int) -> tuple[Floats, Floats]:
        """Select both scores of one design."""
        return self.corrected[x, v, e], self.best[x, v, e]


def seed_scores(task: TaskScores, datasets: Sequence[str]) -> SeedScores:
    """Score the designs. A design without a run on one of the datasets is NaN, because its mean is over other datasets."""
    scores = task.scores[:, :, :, [task.datasets.index(name) for name in datasets]]
    choice = best_of(seed_means(scores)).choice
    complete: Booleans = np.all(choice >= 0, axis=-1)[..., None]
    best = np.where(complete, chosen_seed_scores(scores, choice), np.nan)
    corrected = corrected_seed_scores(scores, np.random.default_rng(SPLIT_SEED)).mean(axis=-2)
    counts: Integers = np.isfinite(scores).any(axis=-1).sum(axis=-1).max(axis=-1)
    return SeedScores(corrected, best, counts)


def of_one_kind(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> tuple[Floats, Floats] | None:
    """Choose the scores to compare, which are of one kind on both sides. None if a side has no score of the design."""
    for one, two in zip(first, second, strict=True):
        if np.isfinite(one).any() and np.isfinite(two).any():
            return one, two
    return None
