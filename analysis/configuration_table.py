"""Every configuration of a sweep with its scores and its learning curve over seeds: what the page's filters choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.scores import DECOMPOSITIONS, EXTRACTIONS, VALUE_LEARNERS, TaskScores, dataset_labels
from analysis.statistics import Floats, Integers

if TYPE_CHECKING:
    import pandas as pd

    from analysis.material import Material

MOST_EVALUATIONS = 20
"""Of a longer curve every so many evaluations are kept, first and last among them: the page stays small."""


class Curve(NamedTuple):
    """Normalised return along training, (T,) each: mean, lowest and highest over seeds."""

    steps: Integers
    mean: Floats
    low: Floats
    high: Floats


class ConfigurationRow(NamedTuple):
    """One configuration: places of its axes' values in `scores`' orders, its settings, and what came of its runs."""

    task: int
    dataset: int
    decomposition: int
    value_learning: int
    extraction: int
    alpha: float
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
    """None where no run is done"""


def configuration_rows(material: Material) -> tuple[ConfigurationRow, ...]:
    """All wanted configurations in the order of their axes."""
    tasks = [block.scores for block in material.blocks]
    rows = [row for number, task in enumerate(tasks) for row in _task_rows(number, task, material)]
    return tuple(sorted(rows, key=lambda row: (row[:5], row.alpha, row.tau or 0.0, row.other)))


def _task_rows(number: int, task: TaskScores, material: Material) -> Sequence[ConfigurationRow]:
    wanted = material.wanted[material.wanted["task"] == task.task]
    wanted = wanted.assign(dataset_label=dataset_labels(wanted))
    outcome = material.results.runs.set_index("run_id")
    columns = [material.rule.column, "status", "curve_step", "curve_return", "scale_min", "scale_max"]
    table = wanted.join(outcome[columns].add_prefix("run_"), on="run_id")
    return [
        _row(number, task, group, f"run_{material.rule.column}") for _, group in table.groupby(["config_id", "dataset_label"])
    ]


def _row(number: int, task: TaskScores, group: pd.DataFrame, column: str) -> ConfigurationRow:
    first = group.iloc[0]
    done = group[group["run_status"].notna()]
    scores = done[column].to_numpy(dtype=np.float64)
    scores = scores[np.isfinite(scores)]
    return ConfigurationRow(
        task=number,
        dataset=task.datasets.index(first["dataset_label"]),
        decomposition=[str(value) for value in DECOMPOSITIONS].index(str(first["decomposition"])),
        value_learning=[str(value) for value in VALUE_LEARNERS].index(str(first["value_learning"])),
        extraction=[str(value) for value in EXTRACTIONS].index(str(first["extraction"])),
        alpha=float(first["alpha"]),
        tau=float(first["tau"]) if np.isfinite(first["tau"]) else None,
        other=", ".join(f"{name}={first[name]}" for name in task.varied),
        wanted=len(group),
        done=len(done),
        diverged=int((done["run_status"] == "diverged").sum()),
        mean=float(scores.mean()) if scores.size else np.nan,
        std=float(scores.std(ddof=1)) if scores.size > 1 else np.nan,
        low=float(scores.min()) if scores.size else np.nan,
        high=float(scores.max()) if scores.size else np.nan,
        curve=_curve(done),
    )


def _curve(done: pd.DataFrame) -> Curve | None:
    """Over the evaluations that all seeds have, thinned."""
    if done.empty:
        return None
    length = min(len(steps) for steps in done["run_curve_step"])
    if not length:
        return None
    kept = np.unique(np.linspace(0, length - 1, min(length, MOST_EVALUATIONS)).round().astype(np.int64))
    returns = np.stack([np.asarray(values, dtype=np.float64)[kept] for values in done["run_curve_return"]])
    low = done["run_scale_min"].to_numpy(dtype=np.float64)[:, None]
    high = done["run_scale_max"].to_numpy(dtype=np.float64)[:, None]
    scores = (returns - low) / (high - low)
    steps = np.asarray(done["run_curve_step"].iloc[0], dtype=np.int64)[kept]
    return Curve(steps, scores.mean(axis=0), scores.min(axis=0), scores.max(axis=0))
