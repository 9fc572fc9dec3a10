"""Diagnostics and evaluations of runs as curves over gradient steps, with bands over seeds.

Under `svn` and `svn_both` the critic's loss is divided by sigma squared. So its gradient norm is multiplied by sigma squared.
The reason: norms of losses with different scales are not comparable. Adam itself ignores a constant factor on a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS, Floats
from recipe_sweep.search_spaces.vocabulary import CriticNorm

if TYPE_CHECKING:
    import pandas as pd

_VARIANT = ("decomposition", "critic_norm", "actor_norm")


LINEAR_WITHIN = 10.0


class Scale(StrEnum):
    """Scale of a panel's axis. Means and bands over seeds are computed on this scale."""

    LINEAR = "linear"
    LOG = "log"
    ASINH = "asinh"
    """for signed values of very different size: linear within `LINEAR_WITHIN` of 0, logarithmic beyond"""

    def of(self, values: Floats) -> Floats:
        """Transform values to the scale. NaN if the scale cannot show the value."""
        if self is Scale.LOG:
            return np.log(np.where(values > 0.0, values, np.nan))
        return np.arcsinh(values / LINEAR_WITHIN) if self is Scale.ASINH else values

    def back(self, values: Floats) -> Floats:
        """Transform values back from the scale."""
        if self is Scale.LOG:
            return np.exp(values)
        return LINEAR_WITHIN * np.sinh(values) if self is Scale.ASINH else values


class Quantity(NamedTuple):
    """One panel: a column of the curves, its title and its scale."""

    column: str
    title: str
    scale: Scale


class Band(NamedTuple):
    """A line over steps with its band; NaN if missing."""

    steps: Floats
    middle: Floats
    low: Floats
    high: Floats


def comparable_gradient(curves: pd.DataFrame) -> pd.Series[float]:
    """Compute the critic's gradient norm of every row, times sigma squared if the loss was divided by it."""
    divided = [norm.value for norm in CriticNorm.members() if norm.divides]
    factor = np.where(curves["critic_norm"].isin(divided), curves["sigma"].fillna(1.0) ** 2, 1.0)
    return curves["grad_norm/critic"] * factor


def seeds_note(seeds: Sequence[int]) -> str:
    """Say what the lines and bands of a figure are, given the number of seeds of each."""
    bands = "95 % t intervals" if min(seeds) >= FEWEST_SEEDS else "minimum to maximum (too few seeds for an interval)"
    count = str(min(seeds)) if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    return f"Lines: means over {count} seeds, taken on the scale of the axis; bands: {bands}."


def training_curves(runs: pd.DataFrame, diagnostics: pd.DataFrame) -> pd.DataFrame:
    """Arrange diagnostics of some runs as a long table: the variant, seed, step and the columns that are drawn."""
    curves = runs[["run_id", *_VARIANT, "seed"]].merge(diagnostics, on="run_id")
    # Either head may die: shares of 0 and 1 in two seeds must not average to 0.5, the value of two living heads.
    share = curves["head_share"]
    return curves.assign(gradient=comparable_gradient(curves), smaller_head=np.maximum(share, 1.0 - share))


def evaluation_curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Arrange evaluations of some runs as a long table: the variant, seed, step, score (normalised)."""
    columns = [*_VARIANT, "seed", "curve_step", "curve_return", "scale_min", "scale_max"]
    curves = runs[columns].explode(["curve_step", "curve_return"]).dropna(subset="curve_step")
    span = curves["scale_max"] - curves["scale_min"]
    return curves.assign(
        step=curves["curve_step"].astype("int64"), score=(curves["curve_return"].astype("float64") - curves["scale_min"]) / span
    )


def band(table: pd.DataFrame, column: str, scale: Scale) -> Band:
    """Average over seeds at every step. The band is the 95 % t interval from 4 seeds on, else minimum to maximum.

    Both are computed on the scale of the axis; on a logarithmic axis the mean is geometric. So one seed with huge values does
    not hide the others, and the band of positive values stays above zero.
    """
    from scipy.special import stdtrit

    values = table.pivot_table(index="step", columns="seed", values=column, aggfunc="mean").sort_index()
    scores = values.to_numpy(dtype=np.float64)
    scores = scale.of(np.where(np.isfinite(scores), scores, np.nan))
    there = np.isfinite(scores).sum(axis=1)
    steps, scores = values.index.to_numpy(dtype=np.float64)[there > 0], scores[there > 0]
    seeds = np.isfinite(scores).sum(axis=1)
    middle = np.nanmean(scores, axis=1)
    if len(seeds) and seeds.min() >= FEWEST_SEEDS:
        reach = stdtrit(seeds - 1.0, 0.975) * np.nanstd(scores, axis=1, ddof=1) / np.sqrt(seeds)
        low, high = middle - reach, middle + reach
    else:
        low, high = np.nanmin(scores, axis=1), np.nanmax(scores, axis=1)
    return Band(steps, *map(scale.back, (middle, low, high)))
