"""Table of what policies return that learn nothing from rewards: zero actions, uniform actions, the data's own, and clones.

`reference_policies.csv` beside this file holds it. `reference_policies.py` measures its rows. Reading it loads no environment.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.search_spaces.vocabulary import Source

TABLE = Path(__file__).with_name("reference_policies.csv")


class Kind(StrEnum):
    """A policy that learns nothing from rewards."""

    ZERO = "zero"
    UNIFORM = "uniform"
    BEHAVIOUR = "behaviour"
    CLONING = "cloning"


class Reference(NamedTuple):
    """What one policy returns. `dataset` is empty unless the policy comes from a dataset: the one that made it, or a clone."""

    task: str
    source: Source
    dataset: str
    policy: Kind
    mean: float
    """Mean return of the episodes, in units of reward; of clones the mean over their seeds"""
    error: float
    """Standard error of the mean; 0 if all episodes are the same. Of clones it is over seeds"""
    episodes: int
    version: str
    """Version of the task's data, as points declare it"""


def read_references(path: Path = TABLE) -> tuple[Reference, ...]:
    """Read the table. Numbers are exactly those that were measured. Raises OSError, ValueError."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_row(row) for row in csv.DictReader(file))


def write_references(rows: Sequence[Reference], path: Path = TABLE) -> None:
    """Write the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Reference._fields)
        writer.writerows(rows)


def _row(row: dict[str, str]) -> Reference:
    return Reference(
        row["task"],
        Source(row["source"]),
        row["dataset"],
        Kind(row["policy"]),
        float(row["mean"]),
        float(row["error"]),
        int(row["episodes"]),
        row["version"],
    )
