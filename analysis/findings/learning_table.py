"""Tabulates what the curves say about the end of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate
from recipe_sweep.analysis.findings.learning import Learning

if TYPE_CHECKING:
    import pandas as pd


def learning_frame(found: Learning) -> pd.DataFrame:
    """Tabulate all numbers: one row per dataset (value learning and extraction `all`), then one per panel (dataset `all`)."""
    import pandas as pd

    datasets = [
        {
            "task": one.task,
            "dataset": one.dataset,
            "value_learning": "all",
            "extraction": "all",
            **_numbers(one.mean),
            "runs": one.runs,
            "rising": one.rising,
            "median_slope": one.median,
            "cloning": one.cloning,
            "reached_cloning": one.reached,
        }
        for one in found.datasets
    ]
    panels = [
        {
            "task": one.task,
            "dataset": "all",
            "value_learning": one.value_learning,
            "extraction": one.extraction,
            **_numbers(one.slope),
            "p_adjusted": one.p_value,
            "still_learning": one.still if np.isfinite(one.p_value) else None,
        }
        for one in found.panels
    ]
    return pd.DataFrame([*datasets, *panels])


def _numbers(estimate: Estimate) -> dict[str, float]:
    return {"slope": estimate.value, "low": estimate.low, "high": estimate.high, "seeds": estimate.seeds}
