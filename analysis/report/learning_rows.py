"""Rows of the page's table on the end of training: how many runs still rise, how fast, and how many reach cloning's score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate
from recipe_sweep.analysis.findings.learning import DatasetLearning, Learning
from recipe_sweep.analysis.number_text import NOTHING, signed


class LearningRow(NamedTuple):
    """The runs of one dataset as text; a dash for what is not known."""

    task: str
    dataset: str
    runs: str
    rising: str
    median: str
    mean: str
    reached: str


def learning_rows(found: Learning) -> tuple[LearningRow, ...]:
    """Format the numbers of each dataset. Empty if no curve can be judged and no run of cloning is there."""
    rows = tuple(map(_row, found.datasets))
    return rows if any(one.runs or np.isfinite(one.reached) for one in found.datasets) else ()


def _row(one: DatasetLearning) -> LearningRow:
    return LearningRow(
        one.title, one.dataset, f"{one.runs:,}", _share(one.rising), signed(one.median), _mean(one.mean), _share(one.reached)
    )


def _share(share: float) -> str:
    return f"{100.0 * share:.0f} %" if np.isfinite(share) else NOTHING


def _mean(mean: Estimate) -> str:
    return f"{signed(mean.value)} [{signed(mean.low)}, {signed(mean.high)}]" if mean.known else signed(mean.value)
