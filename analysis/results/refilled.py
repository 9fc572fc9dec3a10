"""Fills the arrays of a sweep with other scores, thousands of times, without arranging its runs anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Integers
from recipe_sweep.analysis.results.scores import TaskScores, points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint


@dataclass(frozen=True)
class Arrangement:
    """Where the report puts each of N runs."""

    tasks: tuple[TaskScores, ...]
    places: tuple[Integers, ...]
    """For each task an array (X, V, E, D, K, S): which of the runs stands there, -1 where none does."""

    def filled(self, scores: Floats, done: Booleans, diverged: Booleans, evaluation_variance: Floats) -> tuple[TaskScores, ...]:
        """Fill in what is known (N,) of the runs that are `done` (N,). Behaviour cloning is left out."""
        return tuple(
            replace(_filled(task, places, scores, done, diverged), evaluation_variance=_at(places, done, evaluation_variance))
            for task, places in zip(self.tasks, self.places, strict=True)
        )


def arrangement_of(points: Sequence[DesignPoint]) -> Arrangement:
    """Find where the report puts the runs of these points, by giving each its own number as a score."""
    import pandas as pd

    ids = [point.run_id for point in points]
    runs = pd.DataFrame({"run_id": ids, "score": np.arange(len(ids), dtype=np.float64), "status": "finished"})
    tasks = task_scores(runs, points_table(points))
    places = tuple(np.where(np.isfinite(task.scores), task.scores, -1.0).astype(np.int64) for task in tasks)
    return Arrangement(tasks, places)


def _at(places: Integers, done: Booleans, values: Floats) -> Floats:
    """Put the values (N,) of the runs that are done in their places, and NaN elsewhere."""
    return np.where((places >= 0) & done[places], values[places], np.nan)


def _filled(task: TaskScores, places: Integers, scores: Floats, done: Booleans, diverged: Booleans) -> TaskScores:
    there: Booleans = (places >= 0) & done[places]
    return replace(
        task,
        scores=_at(places, done, scores),
        done=there,
        diverged=there & diverged[places],
        cloning=np.full_like(task.cloning, np.nan),
    )
