"""The best configuration of each dataset by the scores that are published so far, for those who watch a sweep.

It is a look at unfinished work, without intervals and verdicts. Those are in the report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from statistics import fmean
from typing import NamedTuple

from recipe_sweep.search_spaces.expansion import axis_counts
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.done import DoneRuns
from recipe_sweep.sweep.results.read import read_rows

_TOLD_ANYWAY = frozenset({"source", "task", "dataset", "decomposition", "value_learning", "extraction", "seed"})


class BestSoFar(NamedTuple):
    """A dataset's best configuration: the mean score of its runs, one per seed. `details` are its other swept values."""

    place: str
    design: str
    details: tuple[tuple[str, str], ...]
    score: float
    seeds: int


class BestWatcher:
    """Reads the scores of each results file once.

    A configuration counts if it has as many seeds done as any other of its dataset. Else one lucky seed could lead. Runs that
    diverged count with their score, and runs that a search ended do not count.
    """

    def __init__(self, paths: SweepPaths, points: Mapping[str, DesignPoint]) -> None:
        self._paths, self._points = paths, points
        self._scores: dict[str, float] = {}
        self._read: set[str] = set()
        self._found: tuple[BestSoFar, ...] = ()

    def look(self, done: DoneRuns) -> tuple[BestSoFar, ...]:
        """Find the best of each dataset, the best score first; nothing where no run is done."""
        fresh = [file.pack_id for file in done.files if file.pack_id not in self._read]
        for pack_id in fresh:
            self._take(pack_id)
        if fresh:
            self._read.update(fresh)
            self._found = tuple(sorted(self._of_each_dataset(done), key=lambda best: (-best.score, best.place)))
        return self._found

    def _of_each_dataset(self, done: DoneRuns) -> Iterator[BestSoFar]:
        places: dict[tuple[str, str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for run_id in (self._scores.keys() & self._points.keys() & done.file_of.keys()) - done.pruned:
            point = self._points[run_id]
            places[point.source, point.task, point.dataset][point.config_id].append(run_id)
        return (self._best(configurations.values()) for configurations in places.values())

    def _take(self, pack_id: str) -> None:
        try:
            table = read_rows(self._paths.pack_result(pack_id), ("run_id", "score"))
        except (FileNotFoundError, DamagedFileError):  # The ledger says so.
            return
        self._scores |= dict(zip(table["run_id"].to_pylist(), table["score"].to_pylist(), strict=True))

    def _best(self, configurations: Iterable[list[str]]) -> BestSoFar:
        candidates = list(configurations)
        seeds = max(map(len, candidates))
        ranked = (
            (fmean(self._scores[run_id] for run_id in run_ids), min(run_ids)) for run_ids in candidates if len(run_ids) == seeds
        )
        score, run_id = max(ranked)
        point = self._points[run_id]
        details = tuple((axis, str(value)) for axis in self._swept if (value := getattr(point, axis)) is not None)
        design = f"{point.decomposition} {point.value_learning} {point.extraction}"
        return BestSoFar(self._place(point), design, details, score, seeds)

    def _place(self, point: DesignPoint) -> str:
        return f"{point.task}/{point.dataset}" if self._several_tasks else str(point.dataset)

    @cached_property
    def _several_tasks(self) -> bool:
        return len({each.task for each in self._points.values()}) > 1

    @cached_property
    def _swept(self) -> tuple[str, ...]:
        """The swept axes that a design's name does not say."""
        return tuple(count.axis for count in axis_counts(self._points.values()) if count.axis not in _TOLD_ANYWAY)
