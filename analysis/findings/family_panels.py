"""The bars of Figure 9 as values: families of battles, and the best that each decomposition reaches on their datasets.

On a dataset, a decomposition has the best mean over seeds among all value learners, extractions and configurations. Its bar is
the mean over the datasets of the family. All values are returns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import seed_means
from recipe_sweep.analysis.results.references import NAMES
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.families import FAMILIES, Family
from recipe_sweep.search_spaces.point import environment_name
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Chance, Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.scales import Scale


class Chosen(NamedTuple):
    """The best of a decomposition on one dataset."""

    task: str
    dataset: str
    value: float
    """mean return over `seeds` seeds; NaN without a run"""
    seeds: int
    value_learning: ValueLearning | None
    extraction: Extraction | None
    configuration: Configuration | None
    """None without a run, as the two above"""
    wanted: int
    missing: int


class FamilyBar(NamedTuple):
    """One bar."""

    decomposition: Decomposition
    chosen: tuple[Chosen, ...]
    """one per dataset of the panel"""

    @property
    def values(self) -> tuple[float, ...]:
        """Values of the datasets that have a run."""
        return tuple(one.value for one in self.chosen if math.isfinite(one.value))

    @property
    def value(self) -> float:
        """Mean over the datasets that have a run; NaN without one."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def whole(self) -> bool:
        """Whether every dataset has a run, and no wanted run is missing."""
        return len(self.values) == len(self.chosen) and not any(one.missing for one in self.chosen)


class Mark(NamedTuple):
    """Mean return over the datasets of a policy that needs no rewards; NaN unless it is known on each."""

    name: str
    value: float


class FamilyPanel(NamedTuple):
    """The bars of one family under one chance, side by side."""

    family: Family
    chance: Chance
    """how much chance decides, in battles that offer the choice"""
    tasks: tuple[TaskScores, ...]
    scale: Scale
    """returns that score 0 and 1, the same for all battles of a family"""
    bars: tuple[FamilyBar, ...]
    cloning: float
    """mean return of the sweep's own behaviour cloning over the datasets; NaN unless it was run on all of them"""
    marks: tuple[Mark, ...]

    @property
    def title(self) -> str:
        """Name of the family, with its chance unless that is as usual."""
        return environment_name(self.family.title, self.chance)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets, in the order of each bar's dots."""
        return tuple(f"{task.grid_task} {dataset}" for task in self.tasks for dataset in task.datasets)


def family_panels(tasks: Sequence[TaskScores]) -> tuple[FamilyPanel, ...]:
    """Compute the panels of all families that have a return. Other tasks are left out."""
    return tuple(_panels(tasks))


def family_of(task: TaskScores) -> Family | None:
    """Find the family of a task; None if it is no battle."""
    return TASKS[task.grid_task].family if task.grid_task in TASKS else None


def _panels(tasks: Sequence[TaskScores]) -> Iterator[FamilyPanel]:
    for family, chance in product(FAMILIES, Chance):
        own = tuple(task for task in tasks if family_of(task) is family and task.chance is chance)
        scale = next((task.scale for task in own if task.scale is not None), None)
        if scale is None:
            continue
        wanted = [np.any(task.wanted, axis=(1, 2, 3, 4, 5)) for task in own]
        names = [name for x, name in enumerate(Decomposition.members()) if any(asked[x] for asked in wanted)]
        bars = (FamilyBar(name, tuple(one for task in own for one in _chosen(task, scale, name))) for name in names)
        cloning = np.concatenate([task.cloning_by_dataset for task in own])
        yield FamilyPanel(family, chance, own, scale, tuple(bars), scale.of(float(cloning.mean())), tuple(_marks(own, scale)))


def _marks(tasks: Sequence[TaskScores], scale: Scale) -> Iterator[Mark]:
    for name in NAMES:
        parts = []
        for task in tasks:
            known = [one.by_dataset for one in task.references if one.name == name]
            parts.append(known[0] if known else np.full(len(task.datasets), np.nan))
        yield Mark(name, scale.of(float(np.concatenate(parts).mean())))


def _chosen(task: TaskScores, scale: Scale, decomposition: Decomposition) -> Iterator[Chosen]:
    x = Decomposition.place(decomposition)
    for d, dataset in enumerate(task.datasets):
        wanted, done = task.wanted[x, :, :, d], task.done[x, :, :, d]
        counts = np.isfinite(task.scores[x, :, :, d]).sum(axis=-1)
        means = seed_means(task.scores[x, :, :, d])
        # One lucky seed must not win against the mean of many, so only those with the most seeds are compared.
        compared = np.where(counts == counts.max(initial=1), means, -np.inf)
        v, e, k = map(int, np.unravel_index(compared.argmax(), compared.shape))
        there = bool(np.isfinite(compared[v, e, k]))
        yield Chosen(
            task=task.task,
            dataset=dataset,
            value=scale.of(float(means[v, e, k])) if there else math.nan,
            seeds=int(counts[v, e, k]) if there else 0,
            value_learning=ValueLearning.members()[v] if there else None,
            extraction=Extraction.members()[e] if there else None,
            configuration=task.configurations[x, v, e, d, k] if there else None,
            wanted=int(wanted.sum()),
            missing=int((wanted & ~done).sum()),
        )
