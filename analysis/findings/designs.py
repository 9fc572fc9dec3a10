"""Every design's score in every seed, without the selection bias of choosing alpha on the seeds that are reported."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import SPLIT_SEED, Booleans, Floats, Integers, corrected_seed_scores
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning


class Designs(NamedTuple):
    """One task's designs. Shape letters as in `scores`."""

    scores: TaskScores
    corrected: Floats
    """(X, V, E, D, S): each seed's part in the selection-corrected score of a dataset"""
    wanted: Booleans
    """(X, V, E)"""

    def decomposition(self, value: Decomposition) -> Floats:
        """Select the cells (V * E * D, S) of one decomposition."""
        return _cells(self.corrected[Decomposition.place(value)])

    def value_learning(self, value: ValueLearning) -> Floats:
        """Select the cells (X * E * D, S) of one value learner."""
        return _cells(self.corrected[:, ValueLearning.place(value)])

    def extraction(self, value: Extraction) -> Floats:
        """Select the cells (X * V * D, S) of one extraction."""
        return _cells(self.corrected[:, :, Extraction.place(value)])

    def product(self) -> Floats | None:
        """Select the scores (x, v, e, D, K, S) of every configuration of the wanted designs.

        None if the designs are no full product of at least two axes.
        """
        axes = _product_axes(self.wanted)
        return None if axes is None else self.scores.scores[np.ix_(*axes)]


class FullProduct(NamedTuple):
    """Scores of a full product of designs, with the values of its axes."""

    scores: Floats
    """(x, v, e, D, S), without NaN"""
    members: tuple[tuple[int, ...], ...]
    """places of x, v and e in `scores`' orders of their values"""
    datasets: Integers
    seeds: Integers
    """places of those that all designs have"""


def full_product(scores: Floats, wanted: Booleans) -> FullProduct | None:
    """Select the `wanted` designs (X, V, E) from scores (X, V, E, D, S), in their common datasets and seeds.

    None if they are no full product of at least two axes, or if no seed is common.
    """
    axes = _product_axes(wanted)
    if axes is None:
        return None
    scores = scores[np.ix_(*axes)]
    datasets = np.all(np.isfinite(scores).any(axis=-1), axis=(0, 1, 2))
    scores = scores[:, :, :, datasets]
    seeds = np.isfinite(scores).all(axis=(0, 1, 2, 3))
    if not (datasets.any() and seeds.any()):
        return None
    members = tuple(tuple(axis.tolist()) for axis in axes)
    return FullProduct(scores[..., seeds], members, np.flatnonzero(datasets), np.flatnonzero(seeds))


def _product_axes(wanted: Booleans) -> list[Integers] | None:
    """Find the places of x, v and e in a full product of two axes or more; None where the designs are none."""
    axes = [np.flatnonzero(np.any(wanted, axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    full = np.all(wanted[np.ix_(*axes)]) and sum(len(axis) > 1 for axis in axes) > 1
    return axes if full else None


def designs(task: TaskScores) -> Designs:
    """Score each design of a task. With one seed all scores are NaN."""
    wanted: Booleans = np.any(task.wanted, axis=(-1, -2, -3))
    return Designs(task, corrected_seed_scores(task.scores, np.random.default_rng(SPLIT_SEED)), wanted)


def _cells(scores: Floats) -> Floats:
    return scores.reshape(-1, scores.shape[-1])
