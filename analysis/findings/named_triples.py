"""Scores of published algorithms and of their variants with Mix (paper 7, Figure 10).

A triple has the mean over seeds of its best alpha or regularisation on each dataset. Half of the seeds choose it, and the
others score it. Differences are taken within seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, paired_difference, stratified_mean
from recipe_sweep.analysis.estimators.seed_statistics import SPLIT_SEED, Floats, corrected_seed_scores, seed_means
from recipe_sweep.analysis.findings.evidence import Finding, Sweep, from_tasks, missing
from recipe_sweep.analysis.findings.family_panels import family_of
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import Configuration, TaskScores, task_scores
from recipe_sweep.search_spaces.triples import Triple, triples
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd


class TripleBar(NamedTuple):
    """One triple on one dataset."""

    triple: Triple
    seeds: tuple[int, ...]
    parts: Floats
    """(S,): each seed's part in the score; NaN for a seed without a run"""
    choices: int
    """configurations of which the best is chosen"""
    wanted: int
    done: int

    @property
    def value(self) -> float:
        """The score: the mean over seeds."""
        return float(seed_means(self.parts[None])[0])


class TripleDifference(NamedTuple):
    """Score of one triple minus that of another one of its family, within seeds."""

    first: Triple
    minus: Triple
    estimate: Estimate


class TripleGroup(NamedTuple):
    """The triples of one dataset, side by side."""

    task: str
    title: str
    dataset: str
    bars: tuple[TripleBar, ...]
    cloning: float
    """score of behaviour cloning; NaN without a run"""
    is_return: bool
    """whether all of its numbers are returns, because the task is a battle; else they are normalised scores"""

    @property
    def differences(self) -> tuple[TripleDifference, ...]:
        """Every pair of a family, the later triple minus the earlier one, by the seeds that both have."""
        pairs = [(one, other) for one, other in combinations(self.bars, 2) if one.triple.family == other.triple.family]
        return tuple(TripleDifference(other.triple, one.triple, _difference(other, one)) for one, other in pairs)


def _difference(bar: TripleBar, minus: TripleBar) -> Estimate:
    both = sorted(set(bar.seeds) & set(minus.seeds))
    parts = [one.parts[[one.seeds.index(seed) for seed in both]][None] for one in (bar, minus)]
    return stratified_mean([paired_difference(*parts)])


def triple_groups(runs: pd.DataFrame, wanted: pd.DataFrame, rule: ScoreRule) -> tuple[TripleGroup, ...]:
    """Arrange the runs (rows of the results) of all triples by dataset. Datasets without a wanted run of one are left out."""
    found: dict[tuple[str, str], list[tuple[TaskScores, TripleBar]]] = {}
    for triple in triples():
        part = wanted[_is_of(wanted, triple)]
        for task in task_scores(runs, part, rule) if len(part) else ():
            for dataset, bar in _bars(task, triple):
                found.setdefault((task.task, dataset), []).append((task, bar))
    clones = _cloning(runs, wanted, rule)
    return tuple(_group(found[place], place, clones.get(place, np.nan)) for place in found)


def _group(found: Sequence[tuple[TaskScores, TripleBar]], place: tuple[str, str], cloning: float) -> TripleGroup:
    """Put the bars of one dataset together. Those of battles become returns."""
    task, bars = found[0][0], tuple(bar for _, bar in found)
    scale = next((one.scale for one, _ in found if one.scale is not None), None)
    if family_of(task) is not None and scale is not None:
        span = scale.maximum - scale.minimum
        bars = tuple(bar._replace(parts=scale.minimum + span * bar.parts) for bar in bars)
        return TripleGroup(place[0], task.title, place[1], bars, scale.minimum + span * cloning, is_return=True)
    return TripleGroup(place[0], task.title, place[1], bars, cloning, is_return=False)


def improves(first: str, minus: str) -> Callable[[Sweep], Finding]:
    """Find the score of one triple minus that of another, by their titles: the mean over tasks and datasets, within seeds."""

    def find(sweep: Sweep) -> Finding:
        pair = [triple for title in (first, minus) for triple in triples() if triple.title == title]
        there = [one for block in sweep.blocks for one in _apart(block.scores, pair)] if len(pair) == 2 else []
        return from_tasks(there) if there else missing(f"seeds with {first} and {minus} on one dataset")

    return find


def _apart(task: TaskScores, pair: Sequence[Triple]) -> list[Floats]:
    """Compute the differences (S,) of two triples on a task, if they share a seed on a dataset."""
    difference = paired_difference(*(_parts_of(task, triple) for triple in pair))
    return [difference] if np.isfinite(difference).any() else []


def _parts_of(task: TaskScores, triple: Triple) -> Floats:
    """Compute each seed's part (D, S) in the score of a triple, among its configurations with the triple's critic norm."""
    place = _place(triple)
    named = [[one is not None and _has_norm(one, triple) for one in own] for own in task.configurations[place].tolist()]
    scores = np.where(np.array(named, dtype=np.bool_)[..., None], task.scores[place], np.nan)
    return corrected_seed_scores(scores, np.random.default_rng(SPLIT_SEED))


def _has_norm(configuration: Configuration, triple: Triple) -> bool:
    """Say whether a configuration has the triple's norm. A norm that does not vary is not named."""
    norms = [part.partition("=")[2] for part in configuration.other.split(", ") if part.startswith("critic_norm=")]
    return norms in ([], [triple.critic_norm.value])


def _place(triple: Triple) -> tuple[int, int, int]:
    return (
        Decomposition.place(triple.decomposition),
        ValueLearning.place(triple.value_learning),
        Extraction.place(triple.extraction),
    )


def _is_of(wanted: pd.DataFrame, triple: Triple) -> list[bool]:
    columns = (wanted[name] for name in ("decomposition", "value_learning", "extraction", "critic_norm"))
    return [triple.matches(*map(str, words)) for words in zip(*columns, strict=True)]


def _bars(task: TaskScores, triple: Triple) -> Iterator[tuple[str, TripleBar]]:
    place = _place(triple)
    rng = np.random.default_rng(SPLIT_SEED)
    for d, dataset in enumerate(task.datasets):
        asked, done = task.wanted[(*place, d)], task.done[(*place, d)]
        parts = corrected_seed_scores(task.scores[(*place, d)], rng)
        yield dataset, TripleBar(triple, task.seeds, parts, int(asked.any(axis=-1).sum()), int(asked.sum()), int(done.sum()))


def _cloning(runs: pd.DataFrame, wanted: pd.DataFrame, rule: ScoreRule) -> dict[tuple[str, str], float]:
    """Compute the score of behaviour cloning by task and dataset."""
    tasks: Sequence[TaskScores] = task_scores(runs, wanted, rule)
    return {
        (task.task, dataset): float(task.cloning_by_dataset[d]) for task in tasks for d, dataset in enumerate(task.datasets)
    }
