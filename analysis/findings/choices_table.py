"""Tabulates the comparison of the values of each design choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.analysis.findings.choices import Choice

if TYPE_CHECKING:
    import pandas as pd


def choices_frame(found: Sequence[Choice]) -> pd.DataFrame:
    """Tabulate every number, one row each. Improvements fill `against`, points of a profile fill `threshold`."""
    import pandas as pd

    rows = []
    for choice in found:
        for one in choice.values:
            named = {"axis": choice.axis, "name": one.name, "runs": one.runs}
            rows.append({**named, "statistic": "interquartile_mean", **one.interquartile_mean._asdict()})
            rows += [
                {**named, "statistic": "share_above", "threshold": threshold, **share._asdict()}
                for threshold, share in zip(choice.thresholds, one.profile, strict=True)
            ]
        rows += [
            {
                "axis": choice.axis,
                "name": one.first,
                "statistic": "probability_of_improvement",
                "against": one.second,
                **one.probability._asdict(),
            }
            for one in choice.improvements
        ]
    columns = ["axis", "name", "statistic", "against", "threshold", "runs", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype({"runs": "Int64"})
