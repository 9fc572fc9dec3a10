"""The score of a design with one configuration for all tasks and datasets: what a reader gets who cannot tune for each dataset.

The paper's score takes the best alpha of each dataset. Here half of the seeds chooses one configuration: the best on
average over tasks, and over the datasets of each task. The other half scores it. The result is the mean over all splits.

Shape letters: C configurations, M strata (a task with a dataset), S seeds of all tasks, P splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import SPLIT_SEED, Floats, half_splits, weighted_means
from recipe_sweep.analysis.findings.panels import Bar, Panel, TaskPanels
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

Place = tuple[int, int, int]
"""places of a design's decomposition, value learner and extraction"""


class OneAlpha(NamedTuple):
    """One design with one configuration everywhere."""

    configuration: Configuration
    """the best on average over all seeds"""
    choices: int
    """configurations that every dataset has"""
    scores: tuple[float, ...]
    """one per task; NaN if the task lacks the design on a dataset, or if there is one seed"""


class OneAlphas(NamedTuple):
    """All designs of a sweep."""

    tasks: tuple[str, ...]
    by_design: dict[Place, OneAlpha | None]
    """None for a design without a configuration that has runs on every dataset"""

    @property
    def several(self) -> bool:
        """Whether any design has a choice."""
        return any(one is not None and one.choices > 1 for one in self.by_design.values())

    def score(self, panel: Panel, bar: Bar) -> float:
        """Return a bar's score with one configuration everywhere; in a marginal panel the mean over its designs."""
        found = self.of(panel, bar)
        return float(np.mean([one.scores[self.tasks.index(panel.task)] if one else np.nan for one in found]))

    def of(self, panel: Panel, bar: Bar) -> list[OneAlpha | None]:
        """List the designs of a bar: one, or several in a marginal panel."""
        v = None if panel.value_learning is None else ValueLearning.place(panel.value_learning)
        e = None if panel.extraction is None else Extraction.place(panel.extraction)
        wanted = (Decomposition.place(bar.decomposition), v, e)
        return [
            one
            for place, one in self.by_design.items()
            if all(own in (None, here) for own, here in zip(wanted, place, strict=True))
        ]


def one_alphas(blocks: Sequence[TaskPanels]) -> OneAlphas:
    """Score every design of a sweep with one configuration everywhere."""
    tasks = [block.scores for block in blocks]
    wanted = np.any([task.wanted.any(axis=(3, 4, 5)) for task in tasks], axis=0)
    places = [(x, v, e) for x, v, e in np.argwhere(wanted).tolist()]
    return OneAlphas(tuple(task.task for task in tasks), {place: _one_design(tasks, place) for place in places})


def _one_design(tasks: Sequence[TaskScores], place: Place) -> OneAlpha | None:
    """Score one design. None if no configuration has runs on every dataset."""
    seeds = sorted({seed for task in tasks for seed in task.seeds})
    strata = [(t, d) for t, task in enumerate(tasks) for d in np.flatnonzero(task.wanted[place].any(axis=(-1, -2))).tolist()]
    named = [_named(tasks[t], (*place, d)) for t, d in strata]
    names = [name for name in named[0] if all(name in other for other in named)]
    if not names:
        return None
    scores = np.full((len(names), len(strata), len(seeds)), np.nan)
    for m, (t, d) in enumerate(strata):
        columns = [seeds.index(seed) for seed in tasks[t].seeds]
        scores[:, m, columns] = tasks[t].scores[(*place, d)][[named[m][name] for name in names]]
    sizes = np.bincount([t for t, _ in strata], minlength=len(tasks))
    weights = np.array([1.0 / sizes[t] for t, _ in strata])
    scored = _scored(scores, weights)
    means = [
        float(np.mean([scored[m] for m, (of, _) in enumerate(strata) if of == t])) if sizes[t] else np.nan
        for t in range(len(tasks))
    ]
    # Not seed_means, which rounds differently, so that another of two equal configurations could be named.
    overall = _average(weighted_means(scores, np.ones((1, len(seeds)))), weights)[0]
    best = int(np.nan_to_num(overall, nan=-np.inf).argmax())
    return OneAlpha(names[best], len(names), tuple(means))


def _named(task: TaskScores, where: tuple[int, ...]) -> dict[Configuration, int]:
    """Map a dataset's configurations with runs to their places."""
    there = np.isfinite(task.scores[where]).any(axis=-1)
    return {task.configurations[(*where, k)]: k for k in np.flatnonzero(there).tolist()}


def _scored(scores: Floats, weights: Floats) -> Floats:
    """Choose on half of the seeds, and score the strata (M,) of scores (C, M, S) on the other half."""
    splits = half_splits(np.random.default_rng(SPLIT_SEED), scores.shape[-1])
    chosen = _average(weighted_means(scores, splits.astype(np.float64)), weights)
    usable = np.isfinite(chosen).any(axis=-1)
    if not usable.any():
        return np.full(scores.shape[1], np.nan)
    choice = np.nan_to_num(chosen[usable], nan=-np.inf).argmax(axis=-1)
    other = weighted_means(scores, (~splits[usable]).astype(np.float64))[np.arange(len(choice)), choice]
    there = np.isfinite(other)
    scored: Floats = np.divide(
        np.where(there, other, 0.0).sum(axis=0), there.sum(axis=0), out=np.full(other.shape[1], np.nan), where=there.any(axis=0)
    )
    return scored


def _average(means: Floats, weights: Floats) -> Floats:
    """Average means (..., M) over strata. NaN if one is missing."""
    average: Floats = means @ weights / weights.sum()
    return average
