"""How the score depends on alpha. These curves are shown beside every score with the best alpha.

Each extraction has its own curve, because alpha means something else in each. Under BRAC it is the weight of cloning. Under
AWR it is the inverse temperature, whose effect is not monotone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, seed_means
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction


class AlphaPoint(NamedTuple):
    """Mean score at one alpha on one dataset. If `decomposition` is None, the mean is over decompositions too."""

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
    """Average scores at each alpha over seeds, value learners and tau. Each configuration has the same weight.

    Points are in the order of dataset, extraction, decomposition, alpha.
    """
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
                    # Seeds are the last axis. On the transposed array, the same mean gives one number per seed.
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
    """Read alpha of every configuration: (X, V, E, D, K). NaN in places without a configuration."""
    entries: list[Configuration | None] = task.configurations.ravel().tolist()
    values = [np.nan if entry is None or entry.alpha is None else entry.alpha for entry in entries]
    return np.array(values, dtype=np.float64).reshape(task.configurations.shape)
