"""Scores of policies that learn nothing from rewards, beside which the scores of a task are read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.references import is_scale_of, references
from recipe_sweep.sweep.results.scales import Scale

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("doing nothing", "uniform actions", "the data's own policy", "cloning (reference)")
"""What the fields of `References` are called"""
ENDS = ("scale_min", "scale_max")
"""Columns of the returns that score 0 and 1."""


class ReferenceScores(NamedTuple):
    """Scores (D,) of one policy, dataset by dataset; NaN where its return is not known."""

    name: str
    by_dataset: Floats

    @property
    def mean(self) -> float:
        """Mean over the datasets; NaN unless the score on each is known."""
        return float(self.by_dataset.mean())


def reference_scores(table: pd.DataFrame, datasets: tuple[str, ...]) -> tuple[ReferenceScores, ...]:
    """Score the policies on each dataset by the scale of its runs; empty if none is known.

    `table` has a row per wanted run with its dataset's label and version. Where the run is done, its scale is there too.
    Made-up results have a scale that is not the task's. There nothing is known.
    """
    if not set(ENDS) <= set(table.columns):
        return ()
    scores = np.array([_on_dataset(table[table["dataset_label"] == label]) for label in datasets]).reshape(-1, len(NAMES))
    found = (ReferenceScores(name, column) for name, column in zip(NAMES, scores.T, strict=True))
    return tuple(one for one in found if np.isfinite(one.by_dataset).any())


def _on_dataset(table: pd.DataFrame) -> tuple[float, ...]:
    done = table[table[ENDS[0]].notna()]
    if done.empty:
        return (math.nan,) * len(NAMES)
    first = done.iloc[0]
    source, task, scale = str(first["source"]), str(first["task"]), Scale(float(first[ENDS[0]]), float(first[ENDS[1]]))
    measured = "chance" not in done or first["chance"] == DesignPoint.chance  # with other chance nothing was measured
    if not measured or not is_scale_of(scale, source, task):
        return (math.nan,) * len(NAMES)
    known = references(source, task, str(first["dataset_version"]), str(first["dataset"]))
    return tuple((one - scale.minimum) / (scale.maximum - scale.minimum) for one in known)
