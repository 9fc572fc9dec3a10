"""Every design's score in every seed, without the optimism of choosing alpha on the seeds that are reported."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, corrected_seed_scores
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

SPLIT_SEED = 0
"""Only where there are more splits than `half_splits` takes is any drawn."""


class Designs(NamedTuple):
    """One task's designs. Shape letters as in `scores`."""

    scores: TaskScores
    corrected: Floats
    """(X, V, E, D, S): each seed's part in the selection-corrected score of a dataset"""
    wanted: Booleans
    """(X, V, E)"""

    def decomposition(self, value: Decomposition) -> Floats:
        """Cells (V * E * D, S) of one decomposition."""
        return _cells(self.corrected[Decomposition.place(value)])

    def value_learning(self, value: ValueLearning) -> Floats:
        """Cells (X * E * D, S) of one value learner."""
        return _cells(self.corrected[:, ValueLearning.place(value)])

    def extraction(self, value: Extraction) -> Floats:
        """Cells (X * V * D, S) of one extraction."""
        return _cells(self.corrected[:, :, Extraction.place(value)])

    def product(self) -> Floats | None:
        """Scores (x, v, e, D, S) of the designs that the sweep wants, with the seeds and datasets that have all of them.

        None where the designs are no full product of two axes or more, or no seed has all.
        """
        found = full_product(self.corrected, self.wanted)
        return None if found is None else found.scores


class FullProduct(NamedTuple):
    """Designs that differ in every way, and what stands where on their axes."""

    scores: Floats
    """(x, v, e, D, S), without holes"""
    members: tuple[tuple[int, ...], ...]
    """places of x, v and e in `scores`' orders of their values"""


def full_product(scores: Floats, wanted: Booleans) -> FullProduct | None:
    """The designs that are `wanted` (X, V, E) of scores (X, V, E, D, S), with the datasets and seeds that all of them have.

    None where they are no full product of two axes or more, or no seed has all.
    """
    axes = [np.flatnonzero(np.any(wanted, axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    if not np.all(wanted[np.ix_(*axes)]) or sum(len(axis) > 1 for axis in axes) < 2:
        return None
    scores = scores[np.ix_(*axes)]
    datasets = np.all(np.isfinite(scores).any(axis=-1), axis=(0, 1, 2))
    scores = scores[:, :, :, datasets]
    seeds = np.isfinite(scores).all(axis=(0, 1, 2, 3))
    if not (datasets.any() and seeds.any()):
        return None
    return FullProduct(scores[..., seeds], tuple(tuple(axis.tolist()) for axis in axes))


def designs(task: TaskScores) -> Designs:
    """Score each design of a task; NaN throughout where there is but one seed."""
    wanted: Booleans = np.any(task.wanted, axis=(-1, -2, -3))
    return Designs(task, corrected_seed_scores(task.scores, np.random.default_rng(SPLIT_SEED)), wanted)


def _cells(scores: Floats) -> Floats:
    return scores.reshape(-1, scores.shape[-1])
