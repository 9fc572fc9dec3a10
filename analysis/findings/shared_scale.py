"""Puts two sweeps on one scale before they are compared, because reference returns differ between versions of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recipe_sweep.analysis.findings.two_sweeps import Side
from recipe_sweep.analysis.results.one_scale import on_one_scale

if TYPE_CHECKING:
    import pandas as pd


def on_shared_scale(first: Side, second: Side) -> tuple[Side, Side]:
    """Score the runs of both sides by the newer reference returns, where a task and source has two scales.

    Both sides then say so in `results.rescaled`. Sides on one scale stay bit for bit. Raises MixedScalesError.
    """
    import pandas as pd

    both, sentences = on_one_scale(pd.concat([first.results.runs, second.results.runs], ignore_index=True))
    if not sentences:
        return first, second
    length = len(first.results.runs)
    return _with_runs(first, both.iloc[:length], sentences), _with_runs(second, both.iloc[length:], sentences)


def _with_runs(side: Side, runs: pd.DataFrame, sentences: tuple[str, ...]) -> Side:
    results = replace(side.results, runs=runs.reset_index(drop=True), rescaled=(*side.results.rescaled, *sentences))
    return replace(side, results=results)
