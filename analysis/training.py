"""Diagnostics and evaluations of runs as curves over gradient steps, with bands over seeds.

Under `svn` and `svn_both` the critic's loss is divided by sigma squared, so its gradient norm is taken times sigma squared:
Adam does not feel a constant factor on a loss, and raw norms of differently scaled losses do not compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.statistics import FEWEST_SEEDS, Floats
from search_spaces.vocabulary import CriticNorm

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_VARIANT = ("decomposition", "critic_norm", "actor_norm")
_DIVIDED = (CriticNorm.SVN.value, CriticNorm.SVN_BOTH.value)


class Quantity(NamedTuple):
    """One panel: a column of the curves and how it is drawn."""

    column: str
    title: str
    logarithmic: bool


class Band(NamedTuple):
    """A line over steps with its band; NaN where there is none."""

    steps: Floats
    middle: Floats
    low: Floats
    high: Floats


def comparable_gradient(curves: pd.DataFrame) -> pd.Series[float]:
    """The critic's gradient norm of every row, times sigma squared where its loss was divided by it."""
    factor = np.where(curves["critic_norm"].isin(_DIVIDED), curves["sigma"].fillna(1.0) ** 2, 1.0)
    return curves["grad_norm/critic"] * factor


def seeds_note(seeds: Sequence[int]) -> str:
    """What the lines and bands of a figure are, given how many seeds stand behind each."""
    bands = "95 % t intervals" if min(seeds) >= FEWEST_SEEDS else "minimum to maximum (too few seeds for an interval)"
    count = str(min(seeds)) if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    return f"Lines: means over {count} seeds, in logarithms where the axis is logarithmic; bands: {bands}."


def training_curves(runs: pd.DataFrame, diagnostics: pd.DataFrame) -> pd.DataFrame:
    """Diagnostics of some runs as a long table: the variant, seed, step and the columns that are drawn."""
    curves = runs[["run_id", *_VARIANT, "seed"]].merge(diagnostics, on="run_id")
    # Either head may be the one that dies: shares of 0 and 1 must not average to the 0.5 of two living heads.
    share = curves["head_share"]
    return curves.assign(gradient=comparable_gradient(curves), smaller_head=np.maximum(share, 1.0 - share))


def evaluation_curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Evaluations of some runs as a long table: the variant, seed, step, score (normalised)."""
    columns = [*_VARIANT, "seed", "curve_step", "curve_return", "scale_min", "scale_max"]
    curves = runs[columns].explode(["curve_step", "curve_return"]).dropna(subset="curve_step")
    span = curves["scale_max"] - curves["scale_min"]
    return curves.assign(
        step=curves["curve_step"].astype("int64"), score=(curves["curve_return"].astype("float64") - curves["scale_min"]) / span
    )


def band(table: pd.DataFrame, column: str, logarithmic: bool) -> Band:
    """Mean over seeds at every step; its 95 % t interval at 4 seeds or more, minimum to maximum under that.

    On a logarithmic axis all of it is done in logarithms (a geometric mean), so that one seed in trouble does not hide the
    others and the band cannot fall below zero.
    """
    from scipy.special import stdtrit

    values = table.pivot_table(index="step", columns="seed", values=column, aggfunc="mean").sort_index()
    scores = values.to_numpy(dtype=np.float64)
    scores = np.where(np.isfinite(scores) & ((scores > 0.0) | (not logarithmic)), scores, np.nan)
    there = np.isfinite(scores).sum(axis=1)
    steps, scores = values.index.to_numpy(dtype=np.float64)[there > 0], scores[there > 0]
    scores = np.log(scores) if logarithmic else scores
    seeds = np.isfinite(scores).sum(axis=1)
    middle = np.nanmean(scores, axis=1)
    if len(seeds) and seeds.min() >= FEWEST_SEEDS:
        reach = stdtrit(seeds - 1.0, 0.975) * np.nanstd(scores, axis=1, ddof=1) / np.sqrt(seeds)
        low, high = middle - reach, middle + reach
    else:
        low, high = np.nanmin(scores, axis=1), np.nanmax(scores, axis=1)
    lines = (middle, low, high)
    return Band(steps, *((np.exp(line) for line in lines) if logarithmic else lines))


def label_decades(axes: Axes) -> None:
    """Powers of ten where there are several, else plain numbers between them as well."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_ylim()
    if high / low >= 100.0:
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_formatter(plain)
