"""Computes how much of a run's score is the luck of the episodes of its last evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ["curve_return_std", "scale_min", "scale_max"]


def evaluation_variances(runs: pd.DataFrame, wanted: pd.DataFrame) -> Floats:
    """Compute the variances (N,) of the scores of the wanted points (`points_table`) over choices of episodes.

    `runs` are rows of the results. NaN for a point without a run, for one episode, and where a table lacks these columns.
    """
    if not {*_COLUMNS, "run_id"} <= set(runs.columns) or "eval_episodes" not in wanted.columns:
        return np.full(len(wanted), np.nan)
    stated = runs.set_index("run_id")[_COLUMNS].reindex(wanted["run_id"])
    deviations = np.array([_last(curve) for curve in stated["curve_return_std"]], dtype=np.float64)
    lengths = (stated["scale_max"] - stated["scale_min"]).to_numpy(dtype=np.float64)
    episodes = wanted["final_episodes"].astype("float64").fillna(wanted["eval_episodes"]).to_numpy(dtype=np.float64)
    # The stated deviation has the divisor of the episodes themselves, so the mean's variance has one less.
    variances: Floats = np.divide(
        (deviations / lengths) ** 2, episodes - 1.0, out=np.full(len(wanted), np.nan), where=episodes > 1.0
    )
    return np.where(np.isfinite(variances), variances, np.nan)


def _last(curve: object) -> float:
    """Return the last entry of a curve; NaN where there is none."""
    return float(curve[-1]) if isinstance(curve, np.ndarray | list | tuple) and len(curve) else np.nan
