"""Reads the state of a sweep from its files, with or without a running launch.

- done: published
- running: in a pack that a live launch is training
- failed: given up until --retry-failed
- waiting: every other run that the grid wants
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from operator import attrgetter
from typing import NamedTuple

from recipe_sweep.search_spaces.expansion import axis_counts
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.estimates.estimate_file import Score, last_score
from recipe_sweep.sweep.estimates.eta import Eta, Seen, estimate, shows_pace
from recipe_sweep.sweep.estimates.spending import Spending, spending
from recipe_sweep.sweep.files.failure_file import FailureGroup, grouped, read_failures
from recipe_sweep.sweep.files.launch_file import read_resources
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import PackProgressFile, PackUsage
from recipe_sweep.sweep.locks.lease import LeaseRecord, died, visible_launch
from recipe_sweep.sweep.monitoring.best_so_far import BestSoFar, BestWatcher
from recipe_sweep.sweep.monitoring.stuck import StuckPack, packs_at_work, stuck_packs
from recipe_sweep.sweep.results.done import DoneRuns, Ledger, read_done
from recipe_sweep.sweep.units import moment


@dataclass(frozen=True)
class RunningPack:
    """A pack that is being trained. `run_steps_per_s` is gradient steps times runs per second since this attempt began.

    `score` is the best of its runs' newest scores; None before an evaluation. Use of the machine is None if it is not known.
    """

    pack_id: str
    label: str
    runs: int
    step: int
    steps: int
    run_steps_per_s: float
    score: float | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    gpu_memory_bytes: int | None = None


@dataclass(frozen=True)
class AxisProgress:
    """Done and wanted runs of one value of an axis."""

    axis: str
    value: object
    done: int
    wanted: int


@dataclass(frozen=True)
class DeadLaunch:
    """The newest launch, if it was killed, and how many `packs` it was training."""

    epoch: int
    host: str
    pid: int
    since: datetime
    seen: datetime | None
    packs: int

    @property
    def text(self) -> str:
        """Sentence that says what happened."""
        sign = "" if self.seen is None else f", last heard of at {moment(self.seen)}"
        packs = "no pack was" if self.packs == 0 else "1 pack was" if self.packs == 1 else f"{self.packs:,} packs were"
        return (
            f"launch {self.epoch} of {moment(self.since)} died without ending (pid {self.pid} on {self.host}{sign}); "
            f"{packs} being trained"
        )


@dataclass(frozen=True)
class SweepStatus:
    """Counts of runs by state, and what is running. `eta` is None if no pack has made enough steps for it.

    `score` compares the newest launch's estimate with the time it took. While it runs there is only the estimate.
    """

    wanted: int
    done: int
    diverged: int
    pruned: int
    running: int
    failed: int
    waiting: int
    outside: int
    packs: tuple[RunningPack, ...]
    run_steps_per_s: float
    eta: Eta | None
    spent: Spending
    score: Score | None
    stuck: tuple[StuckPack, ...]
    failures: tuple[FailureGroup, ...]
    launch: LeaseRecord | None
    died: DeadLaunch | None = None
    under_way: float = 0.0
    """What running packs have done so far, in runs"""
    best: tuple[BestSoFar, ...] = ()
    """The best configuration of each dataset. It is empty if the watcher was not asked for scores."""
    unscored: int = 0
    """Wanted runs that are not evaluated, and so have no score"""


def failed_runs(points: Iterable[DesignPoint], paths: SweepPaths, selected: Collection[str] | None = None) -> frozenset[str]:
    """Find the `selected` of `points` (None: all) whose last attempt failed, given up or not."""
    done = read_done(paths).file_of
    wanted = {point.run_id for point in points if selected is None or point.run_id in selected}
    return frozenset(run_id for group in grouped(read_failures(paths), wanted - done.keys()) for run_id in group.run_ids)


class Look(NamedTuple):
    """The state of a sweep, and the progress of every axis that varies in its grid."""

    status: SweepStatus
    axes: tuple[AxisProgress, ...]


class SweepWatcher:
    """Reads the state of one sweep repeatedly. What follows from its points is computed once.

    It counts the `selected` of the grid's `points` (None: all). Only done runs outside the whole grid are `outside`.
    With `scores` it finds the best so far as well.
    """

    def __init__(
        self,
        points: Sequence[DesignPoint],
        paths: SweepPaths,
        selected: Collection[str] | None = None,
        scores: bool = False,
    ) -> None:
        self._paths = paths
        self._ledger = Ledger(paths)
        self._grid = frozenset(point.run_id for point in points)
        chosen = [point for point in points if selected is None or point.run_id in selected]
        self._points = {point.run_id: point for point in chosen}
        self._gpu_share = cache(self._read_gpu_share)
        self._best = BestWatcher(self._points) if scores else None

    def look(self) -> SweepStatus:
        """Read the state of the sweep now. Raises SweepDirectoryError if one of its files cannot be read."""
        return self._status(self._ledger.read())

    def look_once(self) -> Look:
        """Read the state of the sweep for a command that ends then, and update the index. Raises as `look`."""
        done = self._ledger.read()
        self._ledger.remember()
        return Look(self._status(done), self.by_axis(done))

    def _status(self, done: DoneRuns) -> SweepStatus:
        finished = self._points.keys() & done.file_of.keys()
        unfinished = self._points.keys() - finished
        launch = visible_launch(self._paths.lease)
        at_work = packs_at_work(self._paths, launch, done)
        running = {run.run_id for progress in at_work for run in progress.runs} & unfinished
        failures = grouped(read_failures(self._paths), unfinished)
        failed = {run_id for group in failures for run_id in group.gave_up} - running
        return SweepStatus(
            wanted=len(self._points),
            done=len(finished),
            diverged=len(done.diverged & finished),
            pruned=len(done.pruned & finished),
            running=len(running),
            failed=len(failed),
            waiting=len(unfinished) - len(running) - len(failed),
            outside=len(done.file_of.keys() - self._grid),
            packs=tuple(self._running(progress) for progress in at_work),
            run_steps_per_s=sum(_rate(progress) for progress in at_work),
            eta=self._eta(at_work, unfinished - failed, done, launch),
            spent=spending(done.files, finished, self._gpu_share),
            score=last_score(self._paths),
            stuck=stuck_packs(self._paths, launch, at_work, done),
            failures=failures,
            launch=launch,
            died=self._died(done) if unfinished and launch is None else None,
            under_way=sum(_under_way(progress, unfinished) for progress in at_work),
            best=() if self._best is None else self._best.look(done),
            unscored=sum(not point.evaluate.plays for point in self._points.values()),
        )

    def _died(self, done: DoneRuns) -> DeadLaunch | None:
        found = died(self._paths.lease)
        if found is None:
            return None
        record = found.record
        packs = len(packs_at_work(self._paths, record, done))
        return DeadLaunch(record.epoch, record.process.host, record.process.pid, record.since, found.seen, packs)

    def by_axis(self, done: DoneRuns) -> tuple[AxisProgress, ...]:
        """Count done and wanted runs by every axis that varies in the grid."""
        finished = [point for run_id, point in self._points.items() if run_id in done.file_of]
        return tuple(
            AxisProgress(axis.axis, value, counted[value], wanted)
            for axis in axis_counts(list(self._points.values()))
            for counted in [Counter(map(attrgetter(axis.axis), finished))]
            for value, wanted in axis.values
        )

    def _running(self, progress: PackProgressFile) -> RunningPack:
        point = self._points.get(progress.runs[0].run_id)
        label = (
            f"{point.decomposition} {point.value_learning} {point.environment}/{point.dataset}" if point else "outside the grid"
        )
        used = progress.usage or PackUsage(None, None, None)
        return RunningPack(
            progress.pack_id,
            label,
            len(progress.runs),
            progress.step,
            progress.steps,
            _rate(progress),
            score=_score(progress),
            cpus=used.cpus,
            memory_bytes=used.memory_bytes,
            gpu_memory_bytes=used.gpu_memory_bytes,
        )

    def _eta(
        self, at_work: Sequence[PackProgressFile], unfinished: set[str], done: DoneRuns, launch: LeaseRecord | None
    ) -> Eta | None:
        """Estimate the time to go, from the paces of running packs and of those that this launch has finished."""
        if not at_work:
            return None  # Costs are not computed then, so that `status` of an idle sweep is fast.
        left = sum(self._costs[run_id] for run_id in unfinished)
        seen: list[Seen] = []
        longest = 0.0
        for progress in at_work:
            cost = self._cost(run.run_id for run in progress.runs)
            left -= cost * progress.step / progress.steps
            if shows_pace(_since_resumed(progress), progress.steps - progress.resumed_step, _seconds(progress)):
                seen.append(Seen(cost * _since_resumed(progress) / progress.steps, _seconds(progress)))
                longest = max(longest, _to_go_s(progress))
        if launch is not None:
            finished = (file for file in done.files if file.epoch == launch.epoch)
            seen += [Seen(self._cost(file.run_ids), file.wall_s) for file in finished]
        return estimate(seen, max(left, 0.0), len(at_work), longest)

    @cached_property
    def _costs(self) -> Mapping[str, float]:
        """Operations of each run: its share of the cost of all runs that could share a pack with it."""
        groups: dict[str, list[DesignPoint]] = defaultdict(list)
        for point in self._points.values():
            groups[point.pack_key].append(point)
        shares = {key: Pack(tuple(group)).cost / len(group) for key, group in groups.items()}
        return {run_id: shares[point.pack_key] for run_id, point in self._points.items()}

    def _cost(self, run_ids: Iterable[str]) -> float:
        return sum(self._costs.get(run_id, 0.0) for run_id in run_ids)

    def _read_gpu_share(self, epoch: int) -> float:
        resources = read_resources(self._paths.launch_file(epoch))
        return 1.0 if resources is None else resources.gpu_per_pack


def _score(progress: PackProgressFile) -> float | None:
    """Find the best of the newest scores of a pack's runs."""
    newest = [run.curve[-1].return_mean for run in progress.runs if run.curve]
    width = progress.scale_max - progress.scale_min
    return (max(newest) - progress.scale_min) / width if newest and width else None


def _under_way(progress: PackProgressFile, unfinished: Collection[str]) -> float:
    return sum(run.run_id in unfinished for run in progress.runs) * progress.step / progress.steps


def _rate(progress: PackProgressFile) -> float:
    return _since_resumed(progress) * len(progress.runs) / _seconds(progress)


def _to_go_s(progress: PackProgressFile) -> float:
    """Compute the seconds until a running pack that shows a pace is done."""
    return (progress.steps - progress.step) * _seconds(progress) / _since_resumed(progress)


def _since_resumed(progress: PackProgressFile) -> int:
    return progress.step - progress.resumed_step


def _seconds(progress: PackProgressFile) -> float:
    return max((progress.updated_at - progress.started_at).total_seconds(), 1e-3)
