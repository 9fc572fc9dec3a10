"""Compares a panel's bars with its best, and marks what they may be called: best, tied with it, or surely behind it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.corrected_mean import mean_error
from recipe_sweep.analysis.estimators.seed_statistics import EQUAL, Booleans, Floats, Integers, t_quantile
from recipe_sweep.analysis.estimators.ties import top_shares


class Mark(StrEnum):
    """Where a bar stands in its panel."""

    BEST = "best"
    """no other bar has its score; others may be tied with it statistically"""
    TIED = "tied with the best"
    """the seeds do not show that it is behind, or there are too few of them"""
    BELOW = "below cloning"
    """it may be the best bar, and yet behaviour cloning scores higher"""
    BEHIND = "behind"
    """it is surely below the best"""
    UNRANKED = "not ranked"
    """it is alone, or lacks a dataset"""


class Comparison(NamedTuple):
    """Differences of a panel's bars to its best one. Arrays are (X,)."""

    low: Floats
    high: Floats
    """ends of the simultaneous 95 % intervals; NaN at the best, at bars that are not comparable, and under 4 seeds"""
    marks: tuple[Mark, ...]


def against_the_best(scores: Floats, pull: Floats, seeds: Integers, comparable: Booleans) -> Comparison:
    """Compare the bars of a panel by scores (X,) and what each seed adds to them (X, S). `seeds` are their numbers (X,).

    A bar is behind where the interval of its difference to the best excludes 0. Differences are taken within seeds, so luck
    that all bars share in a seed cancels. A seed's luck may be the same on all datasets. The intervals are simultaneous for
    all pairs of the panel (Bonferroni), because the best is found by the same scores. In 95 of 100 panels without differences
    none is behind.
    """
    shown = np.where(comparable & np.isfinite(scores), scores, np.nan)
    if not np.isfinite(shown).any():
        nothing = np.full(len(scores), np.nan)
        return Comparison(nothing, nothing, (Mark.UNRANKED,) * len(scores))
    best = int(np.nanargmax(shown))
    count = comparable.sum()
    level = 1.0 - 0.05 / max(count * (count - 1) / 2, 1)
    shared = np.minimum(seeds, seeds[best])
    reach = mean_error(pull - pull[best], shared) * [t_quantile(max(int(one) - 1, 1), level) for one in shared]
    others = np.isfinite(shown) & (np.arange(len(scores)) != best)
    low, high = (np.where(others, shown - shown[best] + end, np.nan) for end in (-reach, reach))
    behind = high < -EQUAL * np.nanmax(np.abs(shown))
    alone = top_shares(shown, 1)[best] == 1.0
    marked = tuple(_mark(x == best and alone, bool(behind[x]), bool(comparable[x])) for x in range(len(scores)))
    return Comparison(low, high, marked)


def beside_cloning(marked: Sequence[Mark], values: Floats, cloning: float) -> tuple[Mark, ...]:
    """Call no bar the best, or tied with it, whose value (X,) is below behaviour cloning's. `cloning` may be NaN."""
    leading = (Mark.BEST, Mark.TIED)
    return tuple(
        Mark.BELOW if mark in leading and value < cloning else mark for mark, value in zip(marked, values.tolist(), strict=True)
    )


def _mark(best: bool, behind: bool, comparable: bool) -> Mark:
    if not comparable:
        return Mark.UNRANKED
    if best:
        return Mark.BEST
    return Mark.BEHIND if behind else Mark.TIED
