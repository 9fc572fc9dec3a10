"""Versions of home-made data. A sweep keeps those with which it began, because they are part of its runs' ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from recipe_sweep.search_spaces.tasks import TASKS, TaskEntry
from recipe_sweep.search_spaces.vocabulary import Source


class DataVersions(NamedTuple):
    """The versions of home-made data by task. A task that is not named has its newest version."""

    of_task: Mapping[str, str]

    def version(self, task: TaskEntry, source: Source, dataset: str) -> str:
        """Return the version of a dataset that points declare."""
        kept = self.of_task.get(task.name) if source is Source.HOMEGROWN else None
        return task.version(source, dataset) if kept is None else kept

    def updated(self, other: DataVersions) -> DataVersions:
        """Return these versions with those of another, which count where both name a task."""
        return DataVersions({**self.of_task, **other.of_task})


NEWEST = DataVersions({})
"""Versions of a sweep that begins now"""


def newest_versions() -> DataVersions:
    """Name the newest version of every task with home-made data."""
    return DataVersions({entry.name: entry.known(Source.HOMEGROWN)[0] for entry in _homemade()})


def first_versions() -> DataVersions:
    """Name the first version of every task with home-made data: that of sweeps from before versions were kept."""
    return DataVersions({entry.name: entry.known(Source.HOMEGROWN)[-1] for entry in _homemade()})


def _homemade() -> Iterator[TaskEntry]:
    return (entry for entry in TASKS.values() if Source.HOMEGROWN in entry.versions)
