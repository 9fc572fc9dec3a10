"""Rows of the page's tables: origin of the numbers, cost of the runs, and missing runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.vocabulary import ValueLearning

if TYPE_CHECKING:
    import pandas as pd

    from recipe_sweep.analysis.findings.panels import TaskPanels

_HASH_LETTERS = 16


class Fact(NamedTuple):
    """One fact as name and text."""

    name: str
    text: str


class DatasetRow(NamedTuple):
    """One content of one dataset that runs were trained on."""

    task: str
    dataset: str
    source: str
    data_hash: str
    runs: int


class CostRow(NamedTuple):
    """Time of the runs of one task and value learner. A run's time is its share of its pack."""

    task: str
    value_learning: str
    runs: int
    hours: float
    """wall time"""
    cpu_hours: float
    seconds_per_run: float


class MissingRow(NamedTuple):
    """One design on one dataset that lacks runs."""

    task: str
    dataset: str
    design: str
    missing: int
    wanted: int


def provenance(runs: pd.DataFrame) -> tuple[Fact, ...]:
    """List code, versions, machines and dates of a report's runs."""
    first, last = runs["started_at"].min(), runs["finished_at"].max()
    return (
        Fact("recipe-sweep", _values(runs["code_version"])),
        Fact("torch", _values(runs["torch_version"])),
        Fact("devices", _values(runs["device"])),
        Fact("threads per pack", _values(runs["threads"])),
        Fact("hosts", _values(runs["host"])),
        *_machines(runs),
        Fact("packs", f"{runs['pack_id'].nunique():,}"),
        Fact("trained between", f"{first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC"),
    )


def _machines(runs: pd.DataFrame) -> tuple[Fact, ...]:
    """Name the kinds of machine that took part; nothing if only versions that did not record them made the runs."""
    known = runs["machine"].dropna()
    return (Fact("kinds of machine", _values(known)),) if len(known) else ()


def dataset_rows(runs: pd.DataFrame) -> tuple[DatasetRow, ...]:
    """List the contents of all datasets by hash."""
    counted = runs.groupby(["task", "dataset", "source", "data_hash"]).size().reset_index(name="runs")
    return tuple(
        DatasetRow(task, dataset, source, data_hash[:_HASH_LETTERS], runs)
        for task, dataset, source, data_hash, runs in counted.itertuples(index=False)
    )


def cost_rows(runs: pd.DataFrame) -> tuple[CostRow, ...]:
    """Sum the times by task and value learner. The last row is the total."""
    rows = [
        _cost(str(task), learner.display_name, group)
        for task, block in runs.groupby("task")
        for learner in ValueLearning.members()
        if len(group := block[block["value_learning"] == str(learner)])
    ]
    return (*rows, _cost("all", "all", runs))


def _cost(task: str, value_learning: str, runs: pd.DataFrame) -> CostRow:
    wall_s, cpu_s = float(runs["wall_s"].sum()), float(runs["cpu_s"].sum())
    return CostRow(task, value_learning, len(runs), wall_s / 3600, cpu_s / 3600, wall_s / len(runs))


def missing_rows(blocks: Sequence[TaskPanels]) -> tuple[MissingRow, ...]:
    """List every design and dataset that lacks a run."""
    return tuple(row for block in blocks for row in _missing(block))


def _missing(block: TaskPanels) -> Iterator[MissingRow]:
    task = block.scores
    wanted, done = task.wanted.sum(axis=(-1, -2)), (task.wanted & task.done).sum(axis=(-1, -2))
    for x, v, e, d in np.argwhere(done < wanted).tolist():
        count = int(wanted[x, v, e, d])
        yield MissingRow(
            task.title, task.datasets[d], ", ".join(Design.at(x, v, e).names), count - int(done[x, v, e, d]), count
        )


def _values(column: pd.Series[str]) -> str:
    counts = column.astype(str).value_counts().sort_index()
    if len(counts) == 1:
        return str(counts.index[0])
    return ", ".join(f"{value} ({counted(count, 'run')})" for value, count in counts.items())
