"""The best configuration of each dataset by the scores that are published so far, for those who watch a sweep.

It is a look at unfinished work, without intervals and verdicts. Those are in the report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from statistics import fmean
from typing import NamedTuple

from recipe_sweep.search_spaces.expansion import axis_counts
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.done import DoneRuns, ResultFile
from recipe_sweep.sweep.results.outcomes import endings
from recipe_sweep.trainers.results import RunStatus

_TOLD_ANYWAY = frozenset({"source", "task", "dataset", "decomposition", "value_learning", "extraction", "seed"})


class Leader(NamedTuple):
    """A dataset's best configuration, by one of its runs: the mean score of its runs, one per seed."""

    point: DesignPoint
    score: float
    seeds: int


class BestSoFar(NamedTuple):
    """A leader with what a screen says of it. `details` are its swept values that a design's name does not say."""

    leader: Leader
    place: str
    details: tuple[tuple[str, object], ...]


def leaders(points: Iterable[DesignPoint], done: DoneRuns) -> list[Leader]:
    """Find the best configuration of each dataset, the best score first; nothing where no run is done.

    A configuration counts if it has as many seeds done as any other of its dataset. Else one lucky seed could lead. Runs that
    diverged count with their score, and runs that a search ended do not count.
    """
    ended = endings(done)
    places: dict[tuple[str, str, str], dict[str, list[tuple[str, DesignPoint, float]]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        ending = ended.get(point.run_id)
        if ending is not None and ending.score is not None and ending.status is not RunStatus.PRUNED:
            found = places[point.source, point.task, point.dataset][point.config_id]
            found.append((point.run_id, point, ending.score))
    best = (_leader(configurations.values()) for configurations in places.values())
    return sorted(best, key=lambda one: (-one.score, one.point.task, one.point.dataset))


def _leader(configurations: Iterable[list[tuple[str, DesignPoint, float]]]) -> Leader:
    candidates = list(configurations)
    seeds = max(map(len, candidates))
    ranked = ((fmean(score for *_, score in runs), min(runs)) for runs in candidates if len(runs) == seeds)
    score, (_, point, _) = max(ranked, key=lambda one: (one[0], one[1][0]))
    return Leader(point, score, seeds)


class BestWatcher:
    """Finds the leaders again whenever more is done, with what a screen says of them."""

    def __init__(self, points: Mapping[str, DesignPoint]) -> None:
        self._points = points
        self._files: tuple[ResultFile, ...] | None = None
        self._found: tuple[BestSoFar, ...] = ()

    def look(self, done: DoneRuns) -> tuple[BestSoFar, ...]:
        """Find the best of each dataset, the best score first; nothing where no run is done."""
        if done.files != self._files:
            self._files, self._found = done.files, tuple(map(self._told, leaders(self._points.values(), done)))
        return self._found

    def _told(self, leader: Leader) -> BestSoFar:
        point = leader.point
        details = tuple((axis, value) for axis in self._swept if (value := getattr(point, axis)) is not None)
        return BestSoFar(leader, f"{point.task}/{point.dataset}" if self._several_tasks else str(point.dataset), details)

    @cached_property
    def _several_tasks(self) -> bool:
        return len({each.task for each in self._points.values()}) > 1

    @cached_property
    def _swept(self) -> tuple[str, ...]:
        """The swept axes that a design's name does not say."""
        return tuple(count.axis for count in axis_counts(self._points.values()) if count.axis not in _TOLD_ANYWAY)
