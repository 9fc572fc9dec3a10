"""Every configuration of a sweep with its scores and its learning curve over seeds, for the page's filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats, Integers
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.scores import TaskScores, dataset_labels, is_absent, run_scores, task_names
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd

    from recipe_sweep.analysis.figures.inputs import Material

MOST_EVALUATIONS = 20
"""Longer curves are thinned evenly, first and last evaluation kept, so that the page stays small."""


class Curve(NamedTuple):
    """Normalised return during training, (T,) each: mean, lowest and highest over seeds."""

    steps: Integers
    mean: Floats
    low: Floats
    high: Floats


class ConfigurationRow(NamedTuple):
    """One configuration: the places of its axes in the arrays of `scores`, its settings, and the results of its runs."""

    task: int
    dataset: int
    decomposition: int
    value_learning: int
    extraction: int
    alpha: float | None
    tau: float | None
    other: str
    wanted: int
    done: int
    diverged: int
    mean: float
    std: float
    low: float
    high: float
    curve: Curve | None
    """None if no run is done"""


def configuration_rows(material: Material) -> tuple[ConfigurationRow, ...]:
    """List all wanted configurations in the order of their axes."""
    tasks = [block.scores for block in material.blocks]
    names, runs = task_names(material.wanted), material.results.runs
    outcome = runs.set_index("run_id").assign(own_score=run_scores(runs, material.wanted, material.rule))
    parts = [_task_rows(number, task, material.wanted[names == task.task], outcome) for number, task in enumerate(tasks)]
    rows = [row for part in parts for row in part]
    return tuple(sorted(rows, key=lambda row: (row[:5], row.alpha or 0.0, row.tau or 0.0, row.other)))


def _task_rows(number: int, task: TaskScores, wanted: pd.DataFrame, outcome: pd.DataFrame) -> list[ConfigurationRow]:
    wanted = wanted.assign(dataset_label=dataset_labels(wanted)).sort_values(["config_id", "dataset_label", "seed"])
    columns = ["own_score", "status", "curve_step", "curve_return", "scale_min", "scale_max"]
    table = wanted.join(outcome[columns].add_prefix("run_"), on="run_id")
    settings = (*_AXES, "alpha", "tau", *task.varied)
    # Plain lists from here: a group of pandas costs a millisecond, and the paper's sweep has 2,048 groups of eight runs.
    named = [dict(zip(settings, row, strict=True)) for row in zip(*(table[name].tolist() for name in settings), strict=True)]
    runs = [_Run(*row) for row in zip(*(table[f"run_{name}"].tolist() for name in columns), strict=True)]
    starts = np.flatnonzero(~table.duplicated(["config_id", "dataset_label"]).to_numpy()).tolist()
    return [
        _row(number, task, named[start], runs[start:end]) for start, end in zip(starts, [*starts[1:], len(runs)], strict=True)
    ]


_AXES = ("dataset_label", "decomposition", "value_learning", "extraction")


class _Run(NamedTuple):
    """The numbers behind a curve and a score. `status` is text only if the run is done."""

    score: float
    status: object
    steps: Integers
    returns: Floats
    scale_min: float
    scale_max: float


def _row(number: int, task: TaskScores, named: dict[str, Any], runs: Sequence[_Run]) -> ConfigurationRow:
    done = [run for run in runs if isinstance(run.status, str)]
    scores = np.array([run.score for run in done if np.isfinite(run.score)])
    return ConfigurationRow(
        task=number,
        dataset=task.datasets.index(named["dataset_label"]),
        decomposition=Decomposition.place(Decomposition.of(named["decomposition"])),
        value_learning=ValueLearning.place(ValueLearning.of(named["value_learning"])),
        extraction=Extraction.place(Extraction.of(named["extraction"])),
        alpha=named["alpha"] if np.isfinite(named["alpha"]) else None,
        tau=named["tau"] if np.isfinite(named["tau"]) else None,
        other=", ".join(f"{name}={_text(named[name])}" for name in task.varied if not is_absent(name, named[name])),
        wanted=len(runs),
        done=len(done),
        diverged=sum(run.status == "diverged" for run in done),
        mean=float(scores.mean()) if scores.size else np.nan,
        std=float(scores.std(ddof=1)) if scores.size > 1 else np.nan,
        low=float(scores.min()) if scores.size else np.nan,
        high=float(scores.max()) if scores.size else np.nan,
        curve=_curve(done),
    )


def _text(value: object) -> str:
    return short(value) if isinstance(value, float) else str(value)


def _curve(done: Sequence[_Run]) -> Curve | None:
    """Average the evaluations that all seeds have, thinned to `MOST_EVALUATIONS`. None without evaluations."""
    length = min((len(run.steps) for run in done), default=0)
    if not length:
        return None
    kept = np.unique(np.linspace(0, length - 1, min(length, MOST_EVALUATIONS)).round().astype(np.int64))
    scores = np.stack([(run.returns[kept] - run.scale_min) / (run.scale_max - run.scale_min) for run in done])
    return Curve(done[0].steps[kept], scores.mean(axis=0), scores.min(axis=0), scores.max(axis=0))
