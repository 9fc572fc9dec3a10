"""Findings on discrete battles: whether Mix leads where chance is large, and whether all are alike where it is small.

As in Figure 9, a decomposition has the best of its value learners, extractions and configurations on each dataset. The best is
chosen by some seeds and scored on others, so that no lead is due to the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import (
    Estimate,
    careful_p_value,
    paired_difference,
    stratified_mean,
)
from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS, SPLIT_SEED, Floats, corrected_seed_scores
from recipe_sweep.analysis.findings.evidence import Finding, Sweep, from_tasks, missing
from recipe_sweep.analysis.findings.family_panels import family_of
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.families import Family
from recipe_sweep.search_spaces.vocabulary import Decomposition

ALIKE = 0.05
"""Difference of scores below which two decompositions are called alike. On the scale of SMAC it is a return of 1 (choice)."""


class Lead(NamedTuple):
    """The lead of Mix over another decomposition: each task's differences (S,) within seeds, and their mean."""

    over: Decomposition
    tasks: tuple[Floats, ...]
    mean: Estimate


def best_scores(task: TaskScores) -> Floats:
    """Compute each seed's part (X, D, S) in the score of each decomposition's best, without the bias of choosing."""
    scores = np.moveaxis(task.scores, 3, 1)  # (X, D, V, E, K, S)
    flat = scores.reshape(*scores.shape[:2], -1, scores.shape[-1])
    return corrected_seed_scores(flat, np.random.default_rng(SPLIT_SEED))


def leads(tasks: Sequence[TaskScores]) -> tuple[Lead, ...]:
    """Compute the leads of Mix over each other decomposition that shares a seed with it on some dataset."""
    best, mix = [best_scores(task) for task in tasks], Decomposition.place(Decomposition.MIX)
    found = []
    for x, other in enumerate(Decomposition.members()):
        if x == mix:
            continue
        differences = [paired_difference(scores[mix], scores[x]) for scores in best]
        there = tuple(one for one in differences if np.isfinite(one).any())
        if there:
            found.append(Lead(other, there, stratified_mean(there)))
    return tuple(found)


def leads_every_other(family: Family) -> Callable[[Sweep], Finding]:
    """Find the smallest lead of Mix over another decomposition on a family.

    Mix leads if it surely leads each, so the lower end is the lowest of all. One decomposition that surely leads Mix is enough
    for the contrary, so the upper end is corrected for their number.
    """

    def find(sweep: Sweep) -> Finding:
        found = _of_paper(leads(_of(sweep, family)))
        if lacks := _lacks(found, family):
            return missing(lacks)._replace(value=min((one.mean.value for one in found), default=np.nan))
        many = 1.0 - 0.05 / len(found)
        ahead = max(_one_sided(one.tasks, 0.0) for one in found)
        behind = len(found) * min(1.0 - _one_sided(one.tasks, 0.0) for one in found)
        return Finding(
            min(one.mean.value for one in found),
            min(one.mean.low for one in found),
            min(stratified_mean(one.tasks, many).high for one in found),
            p_value=min(2.0 * ahead, 2.0 * behind, 1.0),
        )

    return find


def all_alike(family: Family) -> Callable[[Sweep], Finding]:
    """Find minus the largest difference between Mix and another decomposition on a family. The border is minus `ALIKE`.

    They are alike if each difference is surely small. One that is surely large is enough for the contrary.
    """

    def find(sweep: Sweep) -> Finding:
        found = _of_paper(leads(_of(sweep, family)))
        if lacks := _lacks(found, family):
            value = -max((abs(one.mean.value) for one in found), default=np.nan)
            return missing(lacks)._replace(value=value, border=-ALIKE)
        many = 1.0 - 0.05 / len(found)
        alike = max(max(1.0 - _one_sided(one.tasks, ALIKE), _one_sided(one.tasks, -ALIKE)) for one in found)
        apart = len(found) * min(min(_one_sided(one.tasks, ALIKE), 1.0 - _one_sided(one.tasks, -ALIKE)) for one in found)
        return Finding(
            -max(abs(one.mean.value) for one in found),
            -max(max(abs(one.mean.low), abs(one.mean.high)) for one in found),
            -max(_distance(stratified_mean(one.tasks, many)) for one in found),
            border=-ALIKE,
            p_value=min(2.0 * alike, 2.0 * apart, 1.0),
        )

    return find


def gains_by_chance(sweep: Sweep) -> Finding:
    """Compare the lead of Mix over the mean of the others with full and with fixed chance, battle by battle."""
    tasks = [block.scores for block in sweep.blocks if family_of(block.scores) is not None]
    usual = [task for task in tasks if task.chance is TaskScores.chance]
    differences = [
        paired_difference(_lead_over_all(task), _lead_over_all(other))
        for task in usual
        for other in tasks
        if other.chance is not task.chance and _same(task, other)
    ]
    there = [one for one in differences if np.isfinite(one).any()]
    return from_tasks(there) if there else missing("a battle with full and with fixed chance, and every decomposition in both")


def _lead_over_all(task: TaskScores) -> Floats:
    """Compute the lead of Mix over the mean of the paper's other decompositions (D, S)."""
    scores, mix = best_scores(task), Decomposition.place(Decomposition.MIX)
    others = [x for x, one in enumerate(Decomposition.members()) if one.in_paper and x != mix]
    lead: Floats = scores[mix] - scores[others].mean(axis=0)
    return lead


def _same(task: TaskScores, other: TaskScores) -> bool:
    """Tell whether two tasks differ in their chance alone, and have the same seeds."""
    return (task.grid_task, task.source, task.datasets, task.seeds) == (
        other.grid_task, other.source, other.datasets, other.seeds
    )  # fmt: skip


def _of(sweep: Sweep, family: Family) -> list[TaskScores]:
    """List the battles of a family, with the usual chance."""
    tasks = (block.scores for block in sweep.blocks)
    return [task for task in tasks if family_of(task) is family and task.chance is TaskScores.chance]


def _lacks(found: Sequence[Lead], family: Family) -> str:
    """Say what is missing for an interval; empty if nothing."""
    if not _whole(found):
        return f"seeds with Mix and every other decomposition on {family.title}"
    seeds = min(one.mean.seeds for one in found)
    return "" if seeds >= FEWEST_SEEDS else f"at least {FEWEST_SEEDS} seeds of each task (there are {seeds})"


def _of_paper(found: Sequence[Lead]) -> list[Lead]:
    """Keep the leads over the decompositions that the paper's claims are about."""
    return [one for one in found if one.over.in_paper]


def _whole(found: Sequence[Lead]) -> bool:
    """Tell whether Mix is compared with all other decompositions of the paper."""
    return len(found) == sum(one.in_paper for one in Decomposition.members()) - 1


def _one_sided(tasks: Sequence[Floats], border: float) -> float:
    """Compute the p-value of a true mean of at most `border`."""
    shifted = [task - border for task in tasks]
    half = careful_p_value(shifted) / 2.0
    return half if stratified_mean(shifted).value > 0.0 else 1.0 - half


def _distance(estimate: Estimate) -> float:
    """Return the distance of an interval from 0; 0 if it holds 0."""
    return max(estimate.low, -estimate.high, 0.0)
