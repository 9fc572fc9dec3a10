"""Compares two sweeps: what differs between them, and how the scores of each design differ.

A design's score is selection-corrected: the configuration of each dataset is chosen on other seeds than it is scored on. The
mean is over the datasets that both sweeps have. So the sweep with more configurations to choose from has no advantage. With
one seed nothing can be corrected; then both scores are those of Figure 7, without an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, careful_p_value, holm, stratified_mean
from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.findings.side_scores import of_one_kind, seed_scores
from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.frame import Results
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import (
    TaskScores,
    points_table,
    task_scores,
)
from recipe_sweep.search_spaces.point import DesignPoint

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.05
_NO_SETTING = ("run_id", "config_id")
_MADE_WITH = ("code_version", "torch_version", "device", "threads", "host")
_MOST_VALUES = 6


@dataclass(frozen=True)
class Side:
    """One of the two sweeps."""

    name: str
    points: tuple[DesignPoint, ...]
    results: Results
    failures: int

    @property
    def coverage(self) -> Coverage:
        """How many of its runs are done."""
        return Coverage(len(self.points), len(self.results.runs), self.failures, self.results.rehearsal)


class Setting(NamedTuple):
    """One difference between the sweeps: a field of the points, a version, a machine, or the content of a dataset."""

    kind: str
    name: str
    first: str
    second: str


class DesignDifference(NamedTuple):
    """One design of one task in both sweeps. The difference is the second score minus the first."""

    task: str
    title: str
    datasets: tuple[str, ...]
    decomposition: str
    value_learning: str
    extraction: str
    configurations: tuple[int, int]
    """numbers of configurations among which the first and the second sweep choose; of datasets that differ, the largest"""
    first: float
    second: float
    difference: Estimate
    paired: bool
    """whether differences were taken within seeds, because both sweeps have the same seeds"""
    p_adjusted: float
    """p-value adjusted after Holm, over all compared designs; NaN without an interval"""

    @property
    def settled(self) -> bool:
        """Whether the difference is significant after correction for all comparisons."""
        return bool(self.p_adjusted < SURE)

    @property
    def design(self) -> str:
        """Name of the design."""
        return f"{self.decomposition}, {self.value_learning}, {self.extraction}"


@dataclass(frozen=True)
class Comparison:
    """Everything that the comparison of two sweeps found."""

    first: Side
    second: Side
    settings: tuple[Setting, ...]
    same_runs: int
    """number of runs that both have under the same id, because their points are the same"""
    differences: tuple[DesignDifference, ...]
    alone: tuple[str, ...]
    """sentences about tasks and datasets for which only one sweep has results"""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on scores that were put on one scale, and on what only one sweep has."""
        rescaled = (*self.first.results.rescaled, *self.second.results.rescaled)
        return tuple(dict.fromkeys((*rescaled, *self.alone)))

    @property
    def rehearsal(self) -> bool:
        """Whether one of the sweeps is a rehearsal."""
        return self.first.results.rehearsal or self.second.results.rehearsal

    @property
    def summary(self) -> str:
        """How many designs score higher in the second sweep, and how many of these differences are significant."""
        if not self.differences:
            return "Nothing to compare: no design has results on the same task and dataset in both sweeps."
        values = [one.difference.value for one in self.differences]
        higher, lower = sum(value > 0 for value in values), sum(value < 0 for value in values)
        same = f", the same in {len(values) - higher - lower}" if higher + lower < len(values) else ""
        names = f"{self.second.name} scores higher than {self.first.name}"
        text = f"{names} in {higher} of {len(values)} designs, lower in {lower}{same}"
        if not any(one.difference.known for one in self.differences):
            return f"{text}; under {FEWEST_SEEDS} seeds there is no interval, so no difference is significant."
        settled = [one.difference.value for one in self.differences if one.settled]
        up = sum(value > 0 for value in settled)
        return f"{text}; significant after correction for all comparisons: {up} higher, {len(settled) - up} lower."


def compare(first: Side, second: Side, rule: ScoreRule = ScoreRule.FINAL) -> Comparison:
    """Compare two sweeps. Neither needs to be complete."""
    tables = [points_table(side.points) for side in (first, second)]
    tasks = _named([_by_source(side, table, rule) for side, table in zip((first, second), tables, strict=True)])
    found = [
        difference for key, task in tasks[0].items() if key in tasks[1] for difference in _differences(task, tasks[1][key])
    ]
    adjusted = holm(np.array([one.difference.p_value for one in found])).tolist() if found else []
    runs = first.results.runs, second.results.runs
    return Comparison(
        first=first,
        second=second,
        settings=(*_settings(*tables), *_versions(*runs), *_contents(*runs)),
        same_runs=len(set(runs[0]["run_id"]) & set(runs[1]["run_id"])),
        differences=tuple(one._replace(p_adjusted=p_value) for one, p_value in zip(found, adjusted, strict=True)),
        alone=_alone(first.name, tasks[0], tasks[1]) + _alone(second.name, tasks[1], tasks[0]),
    )


class _Key(NamedTuple):
    """What both sweeps must have, because each source of a task has a scale of its own."""

    task: str
    source: str


def _by_source(side: Side, points: pd.DataFrame, rule: ScoreRule) -> dict[_Key, TaskScores]:
    """Arrange one side's scores. A task names its source only if the sweep has several of it, so points say the others."""
    only = dict(zip(points["task"].astype(str).tolist(), points["source"].astype(str).tolist(), strict=True))
    tasks = task_scores(side.results.runs, points, rule)
    return {_Key(task.environment, task.source or only[task.grid_task]): task for task in tasks}


def _named(sides: Sequence[dict[_Key, TaskScores]]) -> list[dict[_Key, TaskScores]]:
    """Name the source of every task of which the two sweeps together have several."""
    keys = {key for side in sides for key in side}
    several = {key.task for key in keys if sum(other.task == key.task for other in keys) > 1}
    return [{key: _with_source(task, key) if key.task in several else task for key, task in side.items()} for side in sides]


def _with_source(task: TaskScores, key: _Key) -> TaskScores:
    if task.source:
        return task
    return replace(task, task=f"{task.task} ({key.source})", title=f"{task.title} ({key.source})", source=key.source)


def _differences(first: TaskScores, second: TaskScores) -> list[DesignDifference]:
    datasets = tuple(name for name in first.datasets if name in second.datasets)
    if not datasets:
        return []
    sides = [seed_scores(task, datasets) for task in (first, second)]
    found = []
    for x, v, e in np.ndindex(sides[0].counts.shape):
        chosen = of_one_kind(*(side.at(x, v, e) for side in sides))
        if chosen is None:
            continue
        one, two = chosen
        estimate, paired = _estimate(dict(zip(first.seeds, one, strict=True)), dict(zip(second.seeds, two, strict=True)))
        decomposition, value_learning, extraction = Design.at(x, v, e).names
        found.append(
            DesignDifference(
                task=first.task,
                title=first.title,
                datasets=datasets,
                decomposition=decomposition,
                value_learning=value_learning,
                extraction=extraction,
                configurations=(int(sides[0].counts[x, v, e]), int(sides[1].counts[x, v, e])),
                first=float(np.nanmean(one)),
                second=float(np.nanmean(two)),
                difference=estimate,
                paired=paired,
                p_adjusted=np.nan,
            )
        )
    return found


def _estimate(first: dict[int, float], second: dict[int, float]) -> tuple[Estimate, bool]:
    """Subtract the first from the second: within seeds if both have the same seeds, else as two independent means."""
    one, two = ({seed: score for seed, score in side.items() if np.isfinite(score)} for side in (first, second))
    if one.keys() == two.keys():
        differences = [np.array([two[seed] - one[seed] for seed in sorted(one)])]
        return stratified_mean(differences)._replace(p_value=careful_p_value(differences)), True
    # The mean of b and -a is half of the difference. Its standard error is that of Welch's test.
    means = [np.array(list(two.values())), -np.array(list(one.values()))]
    half = stratified_mean(means)._replace(p_value=careful_p_value(means))
    twice = {name: 2.0 * getattr(half, name) for name in ("value", "low", "high", "deviation")}
    return half._replace(**twice), False


def _settings(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Setting, ...]:
    """List the fields of the points whose values differ between the grids."""
    found = []
    for name in first.columns:
        if name in _NO_SETTING:
            continue
        one, two = (table[name].dropna().drop_duplicates().tolist() for table in (first, second))
        if set(one) != set(two):
            found.append(Setting("grid", str(name), _listed(one), _listed(two)))
    return tuple(found)


def _versions(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Setting, ...]:
    values = {name: [runs[name].drop_duplicates().tolist() for runs in (first, second)] for name in _MADE_WITH}
    return tuple(
        Setting("made with", name, _listed(one), _listed(two)) for name, (one, two) in values.items() if set(one) != set(two)
    )


def _contents(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Setting, ...]:
    """List the datasets that have the same name and different contents."""
    one, two = (_hashes(runs) for runs in (first, second))
    return tuple(
        Setting("data", f"{task} {dataset} ({source})", one[task, dataset, source], two[task, dataset, source])
        for task, dataset, source in sorted(one.keys() & two.keys())
        if one[task, dataset, source] != two[task, dataset, source]
    )


def _hashes(runs: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    rows = runs[["task", "dataset", "source", "data_hash"]].drop_duplicates().sort_values("data_hash")
    hashes: dict[tuple[str, str, str], str] = {}
    for task, dataset, source, data_hash in rows.itertuples(index=False):
        key = (str(task), str(dataset), str(source))
        hashes[key] = ", ".join(filter(None, (hashes.get(key), str(data_hash)[:24])))
    return hashes


def _alone(name: str, own: dict[_Key, TaskScores], other: dict[_Key, TaskScores]) -> tuple[str, ...]:
    sentences = []
    for key, task in own.items():
        if key not in other:
            sentences.append(f"Only {name} has {task.title}.")
            continue
        more = [dataset for dataset in task.datasets if dataset not in other[key].datasets]
        sentences += (
            [f"Only {name} has {task.title} on {', '.join(more)}; these are left out of the scores here."] if more else []
        )
    return tuple(sentences)


def _listed(values: Sequence[object]) -> str:
    def text(value: object) -> str:
        return short(value) if isinstance(value, float) else str(value)

    ordered = sorted(
        values,
        key=lambda value: (not isinstance(value, int | float), value if isinstance(value, int | float) else 0, str(value)),
    )
    shown = ", ".join(map(text, ordered[:_MOST_VALUES]))
    return (f"{shown} and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else shown) or "none"
