"""Chooses the configuration to try first: ranks designs by their scores, and picks the best configuration of each.

A design's score is selection-corrected: its configuration is chosen on other seeds than it is scored on. So a design with
more temperatures to choose from has no advantage. The recommended alpha is the one with the highest mean score over tasks and
datasets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, paired_difference, stratified_mean
from recipe_sweep.analysis.estimators.seed_statistics import Booleans, seed_means
from recipe_sweep.analysis.estimators.simultaneous import all_pairs
from recipe_sweep.analysis.findings.design_ranking import Ranked, cells_of, of_pair, on_common_seeds, ranked_designs, strata
from recipe_sweep.analysis.findings.designs import Designs, designs
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.scores import Configuration
from recipe_sweep.search_spaces.triples import title_of
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning


@dataclass(frozen=True)
class Recipe:
    """A configuration to train."""

    decomposition: Decomposition
    value_learning: ValueLearning
    extraction: Extraction
    alpha: float | None
    tau: float | None
    """None unless value learning is IQL"""
    other: str = ""
    """further settings that the sweep varies; usually empty"""

    @property
    def text(self) -> str:
        """Names and numbers of the configuration."""
        tau = f" (\N{GREEK SMALL LETTER TAU} {short(self.tau)})" if self.tau is not None else ""
        alpha = f" at \N{GREEK SMALL LETTER ALPHA} {short(self.alpha)}" if self.alpha is not None else ""
        other = f", {self.other}" if self.other else ""
        title = title_of(self.decomposition, self.value_learning, self.extraction)
        named = f" ({title})" if title is not None else ""
        return (
            f"{self.decomposition.display_name} with {self.value_learning.display_name}{tau} and "
            f"{self.extraction.display_name}{named}{alpha}{other}"
        )


class Rival(NamedTuple):
    """Another design, with the lead of the best design over it."""

    place: tuple[int, int, int]
    lead: Estimate
    """its interval is corrected for all pairs of designs"""
    sure: bool
    """whether the lead is significant after correction for all pairs of designs"""
    recipe: Recipe


@dataclass(frozen=True)
class Choice:
    """The best recipe of a scope, and all other designs, best first."""

    scope: tuple[Designs, ...]
    dataset: str | None
    first: Ranked
    recipe: Recipe
    rivals: tuple[Rival, ...]
    left_out: int
    """runs on seeds that another design lacks, by which no design is ranked"""
    apart: bool
    """whether designs have too few seeds in common, so that each is ranked on its own"""

    @property
    def pairs(self) -> int:
        """Number of pairs of designs."""
        return math.comb(1 + len(self.rivals), 2)

    @property
    def tied(self) -> tuple[Rival, ...]:
        """Designs whose difference from the best design is not significant."""
        return tuple(one for one in self.rivals if not one.sure)


class Divergence(NamedTuple):
    """Diverged runs and configurations of a scope. A configuration here is one of one dataset."""

    runs: int
    done: int
    configurations: tuple[str, ...]

    @property
    def everything(self) -> bool:
        """Whether every finished run diverged."""
        return 0 < self.done == self.runs


class Stand(NamedTuple):
    """Number of finished and of diverged runs of a configuration on one dataset."""

    done: int
    diverged: int


def scope_of(blocks: Sequence[TaskPanels], task: str | None, dataset: str | None) -> tuple[Designs, ...]:
    """Select the designs of one task or of all tasks, if the task has the dataset."""
    scope = [block.designs for block in blocks if task in (None, block.scores.task)]
    return tuple(one for one in scope if dataset is None or dataset in one.scores.datasets)


def choose(scope: Sequence[Designs], dataset: str | None) -> Choice | None:
    """Choose the best recipe on one dataset or on all. None if no design has scores on all of them.

    A configuration of which every run diverged is never chosen.
    """
    kept = tuple(_without_diverged(one, dataset) for one in scope)
    found = ranked_designs(kept, dataset)
    if not found:
        return None
    places = [one.place for one in found]
    common = tuple(on_common_seeds(one, places, dataset) for one in kept)
    ranked = ranked_designs(common, dataset, places)
    # Scores need two seeds. One design with a single seed in common would leave nobody ranked.
    apart = len(ranked) < len(found)
    if apart:
        common, ranked = kept, found
    left_out = sum(
        int(np.isfinite(a.scores.scores).sum() - np.isfinite(b.scores.scores).sum()) for a, b in zip(kept, common, strict=True)
    )
    return Choice(
        kept,
        dataset,
        ranked[0],
        _recipe(common, ranked[0].place, dataset),
        _rivals(kept, ranked, dataset, common),
        left_out,
        apart,
    )


def divergence(scope: Sequence[Designs], dataset: str | None) -> Divergence:
    """Count diverged runs, and name the configurations of which every run diverged."""
    runs, done, names = 0, 0, {}
    for task in scope:
        chosen = [d for d, name in enumerate(task.scores.datasets) if dataset in (None, name)]
        runs += int(task.scores.diverged[:, :, :, chosen].sum())
        done += int(task.scores.done[:, :, :, chosen].sum())
        for x, v, e, d, k in np.argwhere(_lost(task)).tolist():
            if d in chosen:
                entry = task.scores.configurations[x, v, e, d, k]
                names[Recipe(*Design.at(x, v, e), entry.alpha, entry.tau, entry.other).text] = 1
    return Divergence(runs, done, tuple(names))


def stands(scope: Sequence[Designs], recipe: Recipe, dataset: str | None) -> list[Stand]:
    """Count the runs of a configuration on each dataset of the scope. 0 if the grid does not have it there."""
    return [stand for task in scope for stand in _stands(task, recipe, dataset)]


def _stands(task: Designs, recipe: Recipe, dataset: str | None) -> list[Stand]:
    place = Design(recipe.decomposition, recipe.value_learning, recipe.extraction).place
    wanted, found = Configuration(recipe.alpha, recipe.tau, recipe.other), []
    for d, name in enumerate(task.scores.datasets):
        if dataset in (None, name):
            here = [k for k, entry in enumerate(task.scores.configurations[place][d].tolist()) if entry == wanted]
            done, diverged = (int(marks[place][d][here].sum()) for marks in (task.scores.done, task.scores.diverged))
            found.append(Stand(done, diverged))
    return found


def _lost(task: Designs) -> Booleans:
    """Mark the configurations (X, V, E, D, K) of which every finished run diverged."""
    done, diverged = task.scores.done, task.scores.diverged
    lost: Booleans = np.any(done, axis=-1) & ~np.any(done & ~diverged, axis=-1)
    return lost


def _without_diverged(task: Designs, dataset: str | None) -> Designs:
    """Remove the scores of configurations of which every run diverged. Return `task` itself if there are none."""
    lost = _lost(task)
    if dataset is not None:
        lost[:, :, :, [name != dataset for name in task.scores.datasets]] = False
    if not lost.any():
        return task
    # On every dataset: a configuration that diverges on one of them is no recipe for all.
    names = {_entry(task, place) for place in map(tuple, np.argwhere(lost).tolist())}
    lost = np.array([_entry(task, place) in names for place in np.ndindex(lost.shape)]).reshape(lost.shape)
    return designs(replace(task.scores, scores=np.where(lost[..., None], np.nan, task.scores.scores)))


def _entry(task: Designs, place: tuple[int, ...]) -> tuple[object, ...]:
    """Return a design's place and its configuration."""
    return (*place[:3], task.scores.configurations[place])


def _rivals(
    scope: Sequence[Designs], ranked: Sequence[Ranked], dataset: str | None, common: Sequence[Designs]
) -> tuple[Rival, ...]:
    """Compare the first design with all others, corrected for all pairs, because the first was chosen by its score."""
    first = ranked[0].place
    leads = [
        stratified_mean(
            [paired_difference(cells_of(one, first, dataset), cells_of(one, other.place, dataset)) for one in scope]
        )
        for other in ranked[1:]
    ]
    pairs = all_pairs(np.stack([strata(scope, one.place, dataset) for one in ranked]))
    return tuple(
        Rival(
            other.place,
            of_pair(lead, pairs, at),
            lead.known and bool(pairs.ahead[0, at]),
            _recipe(common, other.place, dataset),
        )
        for at, (other, lead) in enumerate(zip(ranked[1:], leads, strict=True), start=1)
    )


def _recipe(scope: Sequence[Designs], place: tuple[int, int, int], dataset: str | None) -> Recipe:
    """Choose the design's configuration with the highest mean score over the scope's tasks and datasets."""
    means: dict[Configuration, list[float]] = {}
    for task in scope:
        chosen = range(len(task.scores.datasets)) if dataset is None else [task.scores.datasets.index(dataset)]
        for d in chosen:
            scores = seed_means(task.scores.scores[place][d]).tolist()
            for entry, score in zip(task.scores.configurations[place][d].tolist(), scores, strict=True):
                if entry is not None and math.isfinite(score):
                    means.setdefault(entry, []).append(score)
    # Only configurations that every dataset has: otherwise a mean over easier datasets would win.
    most = max(map(len, means.values()))
    best = max((one for one in means if len(means[one]) == most), key=lambda one: float(np.mean(means[one])))
    return Recipe(*Design.at(*place), best.alpha, best.tau, best.other)
