"""How scores of discrete battles depend on what critics and losses read of the actor's outputs (paper 7).

Each discretisation has its own best design and configuration on each dataset, because losses of another kind need another
alpha. The best is chosen by some seeds and scored on others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, paired_difference, stratified_mean
from recipe_sweep.analysis.findings.battles import best_scores
from recipe_sweep.analysis.findings.family_panels import FamilyPanel, family_panels
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import TaskScores, task_scores
from recipe_sweep.search_spaces.vocabulary import Discretisation

if TYPE_CHECKING:
    import pandas as pd


class Treatment(NamedTuple):
    """The panels of one discretisation."""

    discretisation: Discretisation
    panels: tuple[FamilyPanel, ...]


class Gain(NamedTuple):
    """The score of one discretisation minus that of another, within seeds, averaged over decompositions and datasets."""

    title: str
    """of the panel"""
    discretisation: Discretisation
    minus: Discretisation
    mean: Estimate


def treatments(runs: pd.DataFrame, wanted: pd.DataFrame, rule: ScoreRule) -> tuple[Treatment, ...]:
    """Arrange runs (rows of the results) by discretisation. Those without a return in any battle are left out."""
    found = []
    for one in Discretisation:
        part = wanted[wanted["discretisation"] == one.value]
        panels = family_panels(task_scores(runs, part, rule)) if len(part) else ()
        if panels:
            found.append(Treatment(one, panels))
    return tuple(found)


def gains(found: Sequence[Treatment]) -> tuple[Gain, ...]:
    """Compare every discretisation with the first one, panel by panel."""
    return tuple(_gains(found))


def _gains(found: Sequence[Treatment]) -> Iterator[Gain]:
    first, *others = found
    for panel in first.panels:
        for other in others:
            for same in (one for one in other.panels if one.title == panel.title):
                differences = [
                    difference
                    for task in panel.tasks
                    for twin in same.tasks
                    if twin.task == task.task and np.isfinite(difference := _difference(twin, task)).any()
                ]
                yield Gain(panel.title, other.discretisation, first.discretisation, stratified_mean(differences))


def _difference(task: TaskScores, minus: TaskScores) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Average the differences (S,) within seeds over decompositions and datasets; NaN unless both have the same of each."""
    if (task.datasets, task.seeds) != (minus.datasets, minus.seeds):
        return np.full(1, np.nan)
    here, there = best_scores(task), best_scores(minus)
    return paired_difference(here.reshape(-1, here.shape[-1]), there.reshape(-1, there.shape[-1]))
