"""Arranges the recorded curves of runs as arrays, in score units, over the share of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats

if TYPE_CHECKING:
    import pandas as pd

CURVE_COLUMNS = ("curve_step", "curve_return", "curve_return_std", "scale_min", "scale_max")
"""Columns of the results that these arrays are made from."""


class CurveArrays(NamedTuple):
    """N curves of at most L evaluations; NaN behind the end of a shorter curve."""

    times: Floats
    """(N, L): steps of the evaluation as a share of the run's steps"""
    scores: Floats
    """(N, L): normalised"""
    errors: Floats
    """(N, L): standard error of the score over the episodes of the evaluation"""


def curve_arrays(table: pd.DataFrame) -> CurveArrays:
    """Arrange the curves of finished runs: rows of `points_table` with `CURVE_COLUMNS` of the results."""
    steps, returns, stds = (_padded(table[name]) for name in CURVE_COLUMNS[:3])
    low, high = (table[name].to_numpy(dtype=np.float64)[:, None] for name in CURVE_COLUMNS[3:])
    total = table["steps"].to_numpy(dtype=np.float64)[:, None]
    episodes = table["eval_episodes"].astype("float64")
    last = table["final_episodes"].astype("float64").fillna(episodes).to_numpy()[:, None]
    span = high - low
    counts = np.where(steps == total, last, episodes.to_numpy()[:, None])
    return CurveArrays(steps / total, (returns - low) / span, stds / span / np.sqrt(counts))


def _padded(column: pd.Series[float]) -> Floats:
    """Stack the lists of a column (N,) with NaN behind each: (N, L), where L is at least 1."""
    lists = [np.asarray(one, dtype=np.float64) for one in column]
    padded = np.full((len(lists), max(map(len, lists), default=0) or 1), np.nan)
    for row, one in zip(padded, lists, strict=True):
        row[: len(one)] = one
    return padded
