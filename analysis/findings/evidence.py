"""Computes what a sweep finds about each claim of the paper, one function per kind of statistic.

A finding is a number with its 95 % interval and a border. Above the border the claim is true, below it false. If the interval
contains the border, the claim stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import (
    careful_p_value,
    one_sided_p_value,
    paired_difference,
    stratified_mean,
    two_sided_p_value,
)
from recipe_sweep.analysis.estimators.crossfit import CrossFit, cross_fit, share_difference, share_p_value, together
from recipe_sweep.analysis.estimators.seed_statistics import (
    FEWEST_SEEDS,
    Floats,
    t_quantile,
)
from recipe_sweep.analysis.estimators.variance import AXES, TERMS
from recipe_sweep.analysis.findings.designs import Designs
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.places import Places, places
from recipe_sweep.analysis.findings.stability import Stability
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

_UNRANKED = "panels in which Mix and another decomposition can be ranked"
_SEVERAL = "several panels: one is no majority"


class Finding(NamedTuple):
    """A statistic. The value is NaN if it cannot be computed, the interval if there are too few seeds."""

    value: float
    low: float
    high: float
    border: float = 0.0
    lacks: str = ""
    """what the statistic needs and the sweep lacks; empty if nothing"""
    of: str = ""
    """the total that a count is out of, or the two numbers of which it is the difference"""
    p_value: float = np.nan
    """two-sided, of a true value at the border; NaN if the sweep cannot judge the claim, whatever its scores"""


@dataclass(frozen=True)
class Sweep:
    """All data by which a claim may be judged."""

    blocks: tuple[TaskPanels, ...]
    designs: tuple[Designs, ...]
    stability: tuple[Stability, ...]

    @cached_property
    def variance(self) -> CrossFit | None:
        """`variance_parts` of the designs, which several claims are about."""
        return variance_parts(self.designs)

    @cached_property
    def places(self) -> Places | None:
        """`places` of the panels, which several claims are about."""
        return places(self.blocks)


def missing(what: str) -> Finding:
    """Return a finding without a number, which says what is missing."""
    return Finding(np.nan, np.nan, np.nan, lacks=what)


def lead(sweep: Sweep) -> Finding:
    """Count the panels where Mix is best or runner-up. The border is the count that chance would give."""
    found = sweep.places
    if found is None:
        return missing(_UNRANKED)
    mix = np.eye(len(found.counts))[Decomposition.place(Decomposition.MIX)]
    value, spread = float(found.counts @ mix), found.spread(mix)
    reach = t_quantile(spread.freedom) * spread.error
    finding = Finding(
        value,
        max(value - reach, 0.0),  # no count is below 0, or above the number of panels
        min(value + reach, float(found.panels)),
        border=found.chance,
        of=f" of {counted(found.panels, 'panel')}",
        p_value=two_sided_p_value(value - found.chance, *spread),
    )
    return _of_counts(finding, found)


def lead_over_others(sweep: Sweep) -> Finding:
    """Subtract the count of the next best decomposition from that of Mix.

    Which one is the next best is chance, so Mix is compared with each. The lower end is the lowest of all comparisons, each at
    its own level: Mix leads if it surely leads each. The upper end is corrected for their number, because one decomposition
    that surely leads Mix is enough.
    """
    found = sweep.places
    if found is None:
        return missing(_UNRANKED)
    mix, unit = Decomposition.place(Decomposition.MIX), np.eye(len(found.counts))
    rest = [x for x in _others(Decomposition.MIX) if found.ranked[x]]
    leads = [float(found.counts[mix] - found.counts[x]) for x in rest]
    spreads = [found.spread(unit[mix] - unit[x]) for x in rest]
    low = [lead - t_quantile(one.freedom) * one.error for lead, one in zip(leads, spreads, strict=True)]
    many = 1.0 - 0.05 / len(rest)
    high = [lead + t_quantile(one.freedom, many) * one.error for lead, one in zip(leads, spreads, strict=True)]
    ahead = max(one_sided_p_value(lead, *one) for lead, one in zip(leads, spreads, strict=True))
    behind = len(rest) * min(one_sided_p_value(-lead, *one) for lead, one in zip(leads, spreads, strict=True))
    p_value = min(2.0 * ahead, 2.0 * behind, 1.0)
    most = float(found.panels)  # that one is first or second everywhere, and the other nowhere
    ends = (max(min(low), -most), min(min(high), most))
    return _of_counts(Finding(min(leads), *ends, p_value=p_value), found)


def _of_counts(finding: Finding, found: Places) -> Finding:
    """Say what a count lacks, and take its interval away if there are too few seeds for one."""
    seeds = int(found.seeds.min())
    if found.panels == 1:
        return finding._replace(lacks=_SEVERAL, p_value=np.nan)
    if seeds < FEWEST_SEEDS:
        return finding._replace(low=np.nan, high=np.nan, lacks=_too_few(seeds), p_value=np.nan)
    return finding


def mix_over(other: Decomposition) -> Callable[[Sweep], Finding]:
    """Compare Mix with another decomposition: difference of mean scores."""
    return _difference(
        lambda task: task.decomposition(Decomposition.MIX),
        lambda task: task.decomposition(other),
        f"Mix beside {other.value}",
    )


def in_sample_over_td(sweep: Sweep) -> Finding:
    """Compare SARSA and IQL with TD: difference of mean scores."""
    learners = (ValueLearning.SARSA, ValueLearning.IQL)
    return _difference(
        lambda task: np.concatenate([task.value_learning(one) for one in learners]),
        lambda task: np.concatenate([task.value_learning(ValueLearning.TD)] * len(learners)),
        "SARSA or IQL beside TD",
    )(sweep)


def awr_over_brac(sweep: Sweep) -> Finding:
    """Compare AWR with BRAC: difference of mean scores."""
    return _difference(
        lambda task: task.extraction(Extraction.AWR), lambda task: task.extraction(Extraction.BRAC), "AWR beside BRAC"
    )(sweep)


def awr_gains_with_mix(sweep: Sweep) -> Finding:
    """Compare AWR's gain over BRAC with Mix and with the other decompositions: difference of the gains."""
    mix, rest = [Decomposition.place(Decomposition.MIX)], _others(Decomposition.MIX)
    awr, brac = Extraction.place(Extraction.AWR), Extraction.place(Extraction.BRAC)

    def gains(task: Designs, rows: list[int]) -> Floats:
        gain = task.corrected[rows, :, awr] - task.corrected[rows, :, brac]
        if len(rows) > 1:
            there = np.isfinite(gain).any(axis=(1, 2, 3))
            gain = gain[there].mean(axis=0, keepdims=True) if there.any() else np.full_like(gain[:1], np.nan)
        return gain.reshape(-1, gain.shape[-1])

    return _difference(lambda task: gains(task, mix), lambda task: gains(task, rest), "Mix and another under both extractions")(
        sweep
    )


def explains_more(axis: str, than: str) -> Callable[[Sweep], Finding]:
    """Compare the shares of the variance among designs that two axes explain: difference of the shares."""

    def find(sweep: Sweep) -> Finding:
        if sweep.variance is None:
            return missing(f"a full product of designs in at least {FEWEST_SEEDS} seeds")
        first, second = (TERMS.index((AXES.index(name),)) for name in (axis, than))
        found = share_difference(sweep.variance, first, second)
        if found is None:
            # Scores decide this, so the claim counts among those of which one might have been judged by chance.
            return missing("designs that surely differ; the variance among these may be 0")._replace(p_value=1.0)
        value, interval = found
        p_value = share_p_value(sweep.variance, first, second)
        return Finding(value, float(interval.low), float(interval.high), p_value=p_value)

    return find


def variance_parts(designs: Sequence[Designs]) -> CrossFit | None:
    """Sum the variances of the terms of `variance` over the tasks that have a full product in enough seeds. None without one.

    Of one axis varied alone there is nothing to compare. In a product, an axis with one value has a share of 0.
    """
    products = [product for task in designs if (product := task.product()) is not None]
    fits = [fit for product in products if (fit := cross_fit(product)) is not None]
    return together(fits) if fits else None


def _others(decomposition: Decomposition) -> list[int]:
    """List the places of all other decompositions."""
    own = Decomposition.place(decomposition)
    return [x for x in range(len(Decomposition.members())) if x != own]


def _difference(
    first: Callable[[Designs], Floats], second: Callable[[Designs], Floats], what: str
) -> Callable[[Sweep], Finding]:
    """Compare two stacks of cells (C, S): differences within seeds, averaged over the tasks that have both."""

    def find(sweep: Sweep) -> Finding:
        differences = [paired_difference(first(task), second(task)) for task in sweep.designs]
        there = [one for one in differences if np.isfinite(one).any()]
        return from_tasks(there) if there else missing(f"a seed with all runs of {what}")

    return find


def from_tasks(tasks: Sequence[Floats], border: float = 0.0) -> Finding:
    """Turn a mean over tasks (`stratified_mean`) into a finding. Each task is an array (S,) over seeds."""
    estimate = stratified_mean(tasks)
    lacks = "" if estimate.known else _too_few(estimate.seeds)
    p_value = careful_p_value([task - border for task in tasks])
    return Finding(estimate.value, estimate.low, estimate.high, border, lacks, p_value=p_value)


def _too_few(seeds: int) -> str:
    return f"at least {FEWEST_SEEDS} seeds of each task (there are {seeds})"
