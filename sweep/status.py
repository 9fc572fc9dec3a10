"""How a sweep stands: read from its files, whether or not a launch is at work on it.

done      published                          running   in a pack that a live launch is training
failed    given up until --retry-failed      waiting   everything else that the grid wants
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from search_spaces.expansion import axis_counts
from search_spaces.point import DesignPoint
from sweep.failures import FailureGroup, grouped, read_failures
from sweep.lease import LeaseRecord, current_holder, is_held
from sweep.ledger import DoneRuns, Ledger
from sweep.packs import Pack
from sweep.paths import SweepPaths
from sweep.progress import PackProgressFile, read_all_progress


@dataclass(frozen=True)
class RunningPack:
    """A pack that is being trained. `run_steps_per_s` is gradient steps times runs per second since this attempt began."""

    pack_id: str
    label: str
    runs: int
    step: int
    steps: int
    run_steps_per_s: float


@dataclass(frozen=True)
class AxisProgress:
    """Done and wanted runs of one value of an axis."""

    axis: str
    value: str
    done: int
    wanted: int


@dataclass(frozen=True)
class SweepStatus:
    """Counts of runs by state, and what is going on. `eta_s` is None where nothing is running."""

    wanted: int
    done: int
    diverged: int
    running: int
    failed: int
    waiting: int
    outside: int
    packs: tuple[RunningPack, ...]
    run_steps_per_s: float
    eta_s: float | None
    failures: tuple[FailureGroup, ...]
    launch: LeaseRecord | None


class SweepWatcher:
    """Looks at one sweep again and again, computing what follows from its points only once.

    It counts the `selected` of the grid's `points` (None: all); only done runs outside of the whole grid are `outside`.
    """

    def __init__(self, points: Sequence[DesignPoint], paths: SweepPaths, selected: Collection[str] | None = None) -> None:
        self._paths = paths
        self._ledger = Ledger(paths)
        self._grid = frozenset(point.run_id for point in points)
        chosen = [point for point in points if selected is None or point.run_id in selected]
        self._points = {point.run_id: point for point in chosen}

    @cached_property
    def _costs(self) -> dict[str, float]:
        """Of each run alone; only asked for while something is running."""
        return {run_id: Pack((point,)).cost_alone for run_id, point in self._points.items()}

    def look(self) -> SweepStatus:
        """How the sweep stands now. Raises SweepDirectoryError where a file of it cannot be read."""
        done = self._ledger.read()
        finished = self._points.keys() & done.file_of.keys()
        unfinished = self._points.keys() - finished
        launch = current_holder(self._paths.lease)
        launch = launch if launch is not None and is_held(self._paths.lease, launch) else None
        at_work = [progress for progress in self._at_work(launch) if progress.pack_id not in done.pack_ids]
        running = {run.run_id for progress in at_work for run in progress.runs} & unfinished
        failures = grouped(read_failures(self._paths), unfinished)
        failed = {run_id for group in failures for run_id in group.gave_up} - running
        return SweepStatus(
            wanted=len(self._points),
            done=len(finished),
            diverged=len(done.diverged & finished),
            running=len(running),
            failed=len(failed),
            waiting=len(unfinished) - len(running) - len(failed),
            outside=len(done.file_of.keys() - self._grid),
            packs=tuple(self._running(progress) for progress in at_work),
            run_steps_per_s=sum(_rate(progress) for progress in at_work),
            eta_s=self._eta_s(at_work, unfinished - failed),
            failures=failures,
            launch=launch,
        )

    def by_axis(self, done: DoneRuns) -> tuple[AxisProgress, ...]:
        """Progress along every axis that varies in the grid."""
        points = list(self._points.values())
        finished = [point for point in points if point.run_id in done.file_of]
        counted = {axis.axis: dict(axis.values) for axis in axis_counts(finished, varying_only=False)}
        return tuple(
            AxisProgress(axis.axis, "none" if value is None else str(value), counted.get(axis.axis, {}).get(value, 0), wanted)
            for axis in axis_counts(points)
            for value, wanted in axis.values
        )

    def _at_work(self, launch: LeaseRecord | None) -> list[PackProgressFile]:
        """Progress of packs that the live launch trains; older files belong to packs that it has not come to yet."""
        if launch is None:
            return []
        return [progress for progress in read_all_progress(self._paths.progress) if progress.updated_at >= launch.since]

    def _running(self, progress: PackProgressFile) -> RunningPack:
        point = self._points.get(progress.runs[0].run_id)
        label = f"{point.decomposition} {point.value_learning} {point.task}/{point.dataset}" if point else "outside the grid"
        return RunningPack(progress.pack_id, label, len(progress.runs), progress.step, progress.steps, _rate(progress))

    def _eta_s(self, at_work: Sequence[PackProgressFile], unfinished: set[str]) -> float | None:
        """Seconds until all is done, if the rest goes as fast as what is running: in units of cost, not of runs."""
        if not at_work:
            return None
        rate, left = 0.0, sum(self._costs[run_id] for run_id in unfinished)
        for progress in at_work:
            cost = sum(self._costs.get(run.run_id, 0.0) for run in progress.runs)
            rate += cost * _since_resumed(progress) / progress.steps / _seconds(progress)
            left -= cost * progress.step / progress.steps
        return max(left, 0.0) / rate if rate > 0 else None


def _rate(progress: PackProgressFile) -> float:
    return _since_resumed(progress) * len(progress.runs) / _seconds(progress)


def _since_resumed(progress: PackProgressFile) -> int:
    return progress.step - progress.resumed_step


def _seconds(progress: PackProgressFile) -> float:
    return max((progress.updated_at - progress.started_at).total_seconds(), 1e-3)


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    if hours < 48:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours // 24} d {hours % 24} h"
