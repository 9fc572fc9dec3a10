"""Lists the runs of a grid with how far each is: one line per run, from the index of done runs and the failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem, SelectionError
from recipe_sweep.search_spaces.filters import SELECTABLE
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.validation import nearest, one_of
from recipe_sweep.sweep.files.failure_file import grouped, read_failures
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import visible_launch
from recipe_sweep.sweep.monitoring.listed_status import ListedStatus
from recipe_sweep.sweep.monitoring.stuck import packs_at_work
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.outcomes import endings
from recipe_sweep.trainers.results import RunStatus

_ENDED = {status: ListedStatus(status.value) for status in RunStatus}


@dataclass(frozen=True)
class ListedRun:
    """One run. Of a done run `seconds` is its share of its pack's wall time. Of a running one `steps` is its progress."""

    point: DesignPoint
    status: ListedStatus
    score: float | None = None
    steps: int | None = None
    seconds: float | None = None


ORDERS = tuple(dict.fromkeys(("score", "status", "steps", "seconds", *SELECTABLE)))
"""What runs can be sorted by."""


def list_runs(points: Iterable[DesignPoint], paths: SweepPaths) -> tuple[ListedRun, ...]:
    """List the points with their status, in their order. Nothing needs to exist at `paths`."""
    done = read_done(paths)
    ended = endings(done)
    at_work = packs_at_work(paths, visible_launch(paths.lease), done)
    steps = {run.run_id: progress.step for progress in at_work for run in progress.runs}
    listed = list(points)
    unfinished = {point.run_id for point in listed} - ended.keys() - steps.keys()
    failed = {run_id for group in grouped(read_failures(paths), unfinished) for run_id in group.run_ids}

    def of(point: DesignPoint) -> ListedRun:
        run_id = point.run_id
        if run_id in ended:
            ending = ended[run_id]
            return ListedRun(point, _ENDED[ending.status], ending.score, ending.steps, ending.seconds)
        if run_id in steps:
            return ListedRun(point, ListedStatus.RUNNING, steps=steps[run_id])
        return ListedRun(point, ListedStatus.FAILED if run_id in failed else ListedStatus.MISSING)

    return tuple(of(point) for point in listed)


def sorted_runs(runs: Sequence[ListedRun], order: str) -> tuple[ListedRun, ...]:
    """Sort runs by a column: scores from the best, other columns upwards. Runs without a value come last.

    Raises SelectionError if there is no such column.
    """
    if order not in ORDERS:
        problem = Problem(
            cut(f"--sort {order}"), found="no such column", expected=one_of(ORDERS), hint=nearest(order, list(ORDERS))
        )
        raise SelectionError(problem)
    value = _value_of(order)
    known = sorted((run for run in runs if value(run) is not None), key=value, reverse=order == "score")
    return (*known, *(run for run in runs if value(run) is None))


def _value_of(order: str) -> Callable[[ListedRun], Any]:
    if order in ("score", "steps", "seconds"):
        return lambda run: getattr(run, order)
    if order == "status":
        return lambda run: list(ListedStatus).index(run.status)
    return lambda run: _comparable(getattr(run.point, order))


def _comparable(value: object) -> object:
    """Make values of one column comparable: numbers come before shapes, and shapes before words. None stays None."""
    if value is None:
        return None
    kinds: tuple[type | tuple[type, ...], ...] = ((int, float), tuple)
    place = next((place for place, kind in enumerate(kinds) if isinstance(value, kind)), len(kinds))
    return place, value if place < len(kinds) else str(value)
