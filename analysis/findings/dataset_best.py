"""Finds the best configuration of every design on each dataset, with the selection-corrected score beside its own.

The best of many configurations looks better than it is, because it was chosen by the score that is shown. The corrected score
chooses on half of the seeds and scores on the other half, averaged over all halves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import (
    SPLIT_SEED,
    Floats,
    best_of,
    half_splits,
    seed_means,
    selection_corrected,
)
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd


class DesignOnDataset(NamedTuple):
    """A design on one dataset: everything among which no configuration is chosen."""

    task: str
    dataset_id: str
    decomposition: Decomposition
    value_learning: ValueLearning
    extraction: Extraction


class DatasetBest(NamedTuple):
    """The best configuration of a design on a dataset.

    `runs` are its runs with a score. `score` is their mean, over `seeds` seeds. It was chosen from `configurations` that have a
    score. `corrected` is NaN with a single seed, because one seed cannot both choose and score.
    """

    runs: tuple[DesignPoint, ...]
    configurations: int
    seeds: int
    score: float
    corrected: float

    @property
    def point(self) -> DesignPoint:
        """One of its runs, which has the values of the configuration."""
        return self.runs[0]


def dataset_bests(runs: pd.DataFrame, points: Sequence[DesignPoint]) -> dict[DesignOnDataset, DatasetBest]:
    """Find the best configuration of each design and dataset among the done `points`, in the order of the points.

    `runs` are rows of the results. Behaviour cloning (AWR with alpha 0) is no configuration of a design, so it is left out.
    """
    scores = dict(zip(runs["run_id"].tolist(), runs["score"].tolist(), strict=True))
    groups: defaultdict[DesignOnDataset, dict[str, list[DesignPoint]]] = defaultdict(dict)
    for point in points:
        if np.isfinite(scores.get(point.run_id, np.nan)) and not _is_cloning(point):
            groups[_key(point)].setdefault(point.config_id, []).append(point)
    return {key: _best(list(configurations.values()), scores) for key, configurations in groups.items()}


def _best(configurations: Sequence[Sequence[DesignPoint]], scores: Mapping[str, float]) -> DatasetBest:
    seeds = sorted({point.seed for members in configurations for point in members})
    table: Floats = np.full((1, len(configurations), len(seeds)), np.nan)
    for row, members in enumerate(configurations):
        for point in members:
            table[0, row, seeds.index(point.seed)] = scores[point.run_id]
    best = best_of(seed_means(table))
    chosen = configurations[int(best.choice[0])]
    corrected = np.nan
    if len(seeds) > 1:
        corrected = float(selection_corrected(table, half_splits(np.random.default_rng(SPLIT_SEED), len(seeds))))
    return DatasetBest(tuple(chosen), len(configurations), len(chosen), float(best.value), corrected)


def _key(point: DesignPoint) -> DesignOnDataset:
    return DesignOnDataset(point.task, point.dataset_id, point.decomposition, point.value_learning, point.extraction)


def _is_cloning(point: DesignPoint) -> bool:
    return point.alpha == point.extraction.cloning_alpha
