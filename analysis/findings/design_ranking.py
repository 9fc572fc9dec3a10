"""Ranks designs by their selection-corrected scores, on the seeds that all of them have on a dataset.

Otherwise a half-done design whose seeds were lucky would look better than it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, stratified_mean
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.estimators.simultaneous import Pairs
from recipe_sweep.analysis.findings.common_seeds import common_seeds
from recipe_sweep.analysis.findings.designs import Designs, designs


class Ranked(NamedTuple):
    """A design's place (x, v, e) and its score."""

    place: tuple[int, int, int]
    estimate: Estimate


def on_common_seeds(task: Designs, places: Sequence[tuple[int, int, int]], dataset: str | None) -> Designs:
    """Remove from these designs the seeds of a dataset that one of them lacks. Return `task` itself if there are none."""
    chosen = [d for d, name in enumerate(task.scores.datasets) if dataset in (None, name)]
    x, v, e = (np.array(axis, dtype=np.int64) for axis in zip(*places, strict=True))
    common = common_seeds(task.scores.scores[x, v, e][:, chosen])
    scores = task.scores.scores.copy()
    for d, seeds in zip(chosen, common, strict=True):
        scores[x, v, e, d] = np.where(seeds, scores[x, v, e, d], np.nan)
    if np.array_equal(scores, task.scores.scores, equal_nan=True):
        return task
    return designs(replace(task.scores, scores=scores))


def ranked_designs(
    scope: Sequence[Designs], dataset: str | None, places: Sequence[tuple[int, int, int]] | None = None
) -> list[Ranked]:
    """Rank the designs that every task of the scope has on all of its datasets, best first. `places` limits them."""
    found = []
    for place in (np.ndindex(scope[0].wanted.shape) if places is None else places) if scope else ():
        cells = [cells_of(one, place, dataset) for one in scope]
        if not all(np.isfinite(cell).any(axis=-1).all() for cell in cells):
            continue
        estimate = stratified_mean([cell.mean(axis=0) for cell in cells])
        if np.isfinite(estimate.value):
            found.append(Ranked((place[0], place[1], place[2]), estimate))
    return sorted(found, key=lambda one: -one.estimate.value)


def of_pair(lead: Estimate, pairs: Pairs, at: int) -> Estimate:
    """Give the lead over a design the interval that `sure` rests on."""
    value, reach = float(pairs.difference[0, at]), float(pairs.critical * pairs.error[0, at])
    return lead._replace(value=value, low=value - reach, high=value + reach) if lead.known and math.isfinite(reach) else lead


def strata(scope: Sequence[Designs], place: tuple[int, int, int], dataset: str | None) -> Floats:
    """Collect a design's scores (C, S) on every task and dataset of the scope. Tasks with fewer seeds are filled with NaN."""
    cells = [cells_of(one, place, dataset) for one in scope]
    most = max(cell.shape[-1] for cell in cells)
    return np.concatenate([np.pad(cell, ((0, 0), (0, most - cell.shape[-1])), constant_values=np.nan) for cell in cells])


def cells_of(task: Designs, place: tuple[int, int, int], dataset: str | None) -> Floats:
    """Select a design's scores (D, S) on all datasets, or (1, S) on one."""
    cells: Floats = task.corrected[place]
    return cells if dataset is None else cells[task.scores.datasets.index(dataset), None]
