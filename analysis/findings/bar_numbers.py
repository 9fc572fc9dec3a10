"""Computes the numbers behind the bars of one task: of all designs at once, then of the panels that average over an axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.corrected_mean import CorrectedMean, corrected_mean
from recipe_sweep.analysis.estimators.seed_statistics import (
    Best,
    Booleans,
    Floats,
    Integers,
    best_of,
    bootstrap_best,
    chosen_seed_counts,
    chosen_seed_scores,
    resample_weights,
    seed_means,
)
from recipe_sweep.analysis.findings.common_seeds import compared
from recipe_sweep.analysis.results.scores import TaskScores


class BarNumbers(NamedTuple):
    """Numbers behind bars: (X, V, E) for a task, then (X,) for a panel.

    `samples` has R in front. `seed_scores`, and the parts of `corrected` that are of seeds, have S at the end.
    """

    value: Floats
    samples: Floats
    corrected: CorrectedMean
    seed_scores: Floats
    seeds: Integers
    ranked: Booleans
    wanted: Integers
    missing: Integers
    diverged: Integers

    @property
    def scores(self) -> Floats:
        """Scores by which bars are compared: selection-corrected, or the best of one seed, which cannot be corrected."""
        return np.where(np.isfinite(self.corrected.value), self.corrected.value, self.value)

    def at(self, v: int | None, e: int | None) -> BarNumbers:
        """Select one column, one row or one cell of numbers (X, V, E, ...)."""
        pick = (slice(None), slice(None) if v is None else v, slice(None) if e is None else e)
        return BarNumbers(
            value=self.value[pick],
            samples=self.samples[(slice(None), *pick)],
            corrected=CorrectedMean(*(one[pick] for one in self.corrected)),
            seed_scores=self.seed_scores[pick],
            seeds=self.seeds[pick],
            ranked=self.ranked[pick],
            wanted=self.wanted[pick],
            missing=self.missing[pick],
            diverged=self.diverged[pick],
        )

    def mean(self, wants: Booleans) -> BarNumbers:
        """Average numbers (X, M, ...) over the axis M that a marginal panel averages over. `wants` is (X, M).

        The mean is over the members that any decomposition wants. A bar that lacks one of them is NaN, because its mean would
        be over other designs than its neighbours'.
        """
        members = wants.any(axis=0)

        def of(array: Floats) -> Floats:
            mean: Floats = np.compress(members, array, axis=1).mean(axis=1)
            return mean

        return BarNumbers(
            value=of(self.value),
            samples=np.compress(members, self.samples, axis=2).mean(axis=2),
            corrected=CorrectedMean(*map(of, self.corrected)),
            seed_scores=of(self.seed_scores),
            seeds=np.compress(members, self.seeds, axis=1).min(axis=1),
            ranked=np.all(np.compress(members, self.ranked, axis=1), axis=1),
            wanted=self.wanted.sum(axis=1),
            missing=self.missing.sum(axis=1),
            diverged=self.diverged.sum(axis=1),
        )


def bar_numbers(task: TaskScores, rng: np.random.Generator, resamples: int) -> tuple[BarNumbers, Best]:
    """Compute the numbers of all designs of a task, and their best configurations. `rng` draws one set of resamples."""
    scores, ranked, _, _ = compared(task)
    best = best_of(seed_means(scores))
    corrected = corrected_mean(scores, rng)
    runs = (-1, -2, -3)
    numbers = BarNumbers(
        value=best.value,
        samples=bootstrap_best(scores, resample_weights(rng, resamples, len(task.seeds))),
        corrected=corrected,
        seed_scores=chosen_seed_scores(scores, best.choice),
        seeds=chosen_seed_counts(scores, best.choice),
        # Bars are compared on the same datasets and seeds.
        ranked=ranked,
        wanted=task.wanted.sum(axis=runs),
        missing=(task.wanted & ~task.done).sum(axis=runs),
        diverged=task.diverged.sum(axis=runs),
    )
    return numbers, best
