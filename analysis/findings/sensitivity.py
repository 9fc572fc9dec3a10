"""How the score depends on alpha: the curves that stand beside every best-of-alpha.

The weight means something else in each extraction (weight of cloning under BRAC, inverse temperature under AWR, where its
effect is not monotone), so each has its own curve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, seed_means
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction


class AlphaPoint(NamedTuple):
    """Mean score at one alpha on one dataset, over seeds, value learners, tau and (where None) decompositions."""

    dataset: str
    extraction: Extraction
    decomposition: Decomposition | None
    alpha: float
    score: float
    low: float
    """lowest of the seeds' means"""
    high: float
    """highest of the seeds' means"""
    runs: int


def alpha_curves(task: TaskScores, by_decomposition: bool = False) -> tuple[AlphaPoint, ...]:
    """Mean scores along alpha, every configuration weighing the same, in the order of dataset, extraction, alpha."""
    groups: tuple[Decomposition | None, ...] = Decomposition.members() if by_decomposition else (None,)
    alphas = _alphas(task)
    points = []
    for d, dataset in enumerate(task.datasets):
        for e, extraction in enumerate(Extraction.members()):
            for decomposition in groups:
                members = slice(None) if decomposition is None else slice(*_span(decomposition))
                grid, scores = alphas[members, :, e, d], task.scores[members, :, e, d]
                for alpha in np.unique(grid[np.isfinite(grid)]):
                    chosen = scores[grid == alpha]
                    # Seeds lie along the last axis: swapped, the same mean gives one number per seed.
                    per_seed = seed_means(chosen.T)
                    finite = per_seed[np.isfinite(per_seed)]
                    points.append(
                        AlphaPoint(
                            dataset=dataset,
                            extraction=extraction,
                            decomposition=decomposition,
                            alpha=float(alpha),
                            score=float(seed_means(seed_means(chosen)[None])[0]),
                            low=float(finite.min()) if finite.size else float("nan"),
                            high=float(finite.max()) if finite.size else float("nan"),
                            runs=int(np.isfinite(chosen).sum()),
                        )
                    )
    return tuple(points)


def _span(decomposition: Decomposition) -> tuple[int, int]:
    start = Decomposition.place(decomposition)
    return start, start + 1


def _alphas(task: TaskScores) -> Floats:
    """alpha of every configuration (X, V, E, D, K), NaN beyond a design's own."""
    entries: list[Configuration | None] = task.configurations.ravel().tolist()
    values = [np.nan if entry is None else entry.alpha for entry in entries]
    return np.array(values, dtype=np.float64).reshape(task.configurations.shape)
