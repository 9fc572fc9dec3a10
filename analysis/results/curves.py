"""Diagnostics and evaluations of runs as curves over gradient steps, with bands over seeds.

Under `svn` and `svn_both` the critic's loss is divided by sigma squared, so its gradient norm is taken times sigma squared:
Adam does not feel a constant factor on a loss, and raw norms of differently scaled losses do not compare.
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
    """How a panel's axis runs; means and bands over seeds are taken on it."""

    LINEAR = "linear"
    LOG = "log"
    ASINH = "asinh"
    """for what has a sign and may grow as on a logarithmic axis: linear within `LINEAR_WITHIN` of 0, logarithmic beyond"""

    def of(self, values: Floats) -> Floats:
        """Values as the axis has them; NaN where it has no place for them."""
        if self is Scale.LOG:
            return np.log(np.where(values > 0.0, values, np.nan))
        return np.arcsinh(values / LINEAR_WITHIN) if self is Scale.ASINH else values

    def back(self, values: Floats) -> Floats:
        """The inverse."""
        if self is Scale.LOG:
            return np.exp(values)
        return LINEAR_WITHIN * np.sinh(values) if self is Scale.ASINH else values


class Quantity(NamedTuple):
    """One panel: a column of the curves and how it is drawn."""

    column: str
    title: str
    scale: Scale


class Band(NamedTuple):
    """A line over steps with its band; NaN where there is none."""

    steps: Floats
    middle: Floats
    low: Floats
    high: Floats


def comparable_gradient(curves: pd.DataFrame) -> pd.Series[float]:
    """The critic's gradient norm of every row, times sigma squared where its loss was divided by it."""
    divided = [norm.value for norm in CriticNorm.members() if norm.divides]
    factor = np.where(curves["critic_norm"].isin(divided), curves["sigma"].fillna(1.0) ** 2, 1.0)
    return curves["grad_norm/critic"] * factor


def seeds_note(seeds: Sequence[int]) -> str:
    """What the lines and bands of a figure are, given how many seeds stand behind each."""
    bands = "95 % t intervals" if min(seeds) >= FEWEST_SEEDS else "minimum to maximum (too few seeds for an interval)"
    count = str(min(seeds)) if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    return f"Lines: means over {count} seeds, taken on the scale of the axis; bands: {bands}."


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


def band(table: pd.DataFrame, column: str, scale: Scale) -> Band:
    """Mean over seeds at every step; its 95 % t interval at 4 seeds or more, minimum to maximum under that.

    All of it is done on the scale of the axis (in logarithms: a geometric mean), so that one seed in trouble does not hide the
    others, and the band of what is positive cannot fall below zero.
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
