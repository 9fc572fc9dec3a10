"""A launch from beginning to end: data, lease, the sweep's file, the engine, and cleaning up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from recipe_sweep.search_spaces.data_versions import newest_versions
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.clusters.machines import machines_here
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.estimates.estimate import estimate
from recipe_sweep.sweep.estimates.estimate_file import Outcome, write_estimate, write_outcome
from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.checkpoints import remove_checkpoints
from recipe_sweep.sweep.files.failure_file import forgive
from recipe_sweep.sweep.files.folders import check_usable, check_writable, folders
from recipe_sweep.sweep.files.pack_file import read_records, withdraw_suspects
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import SCHEMA_VERSION, SweepFile, read_sweep_file, write_sweep_file
from recipe_sweep.sweep.launch.supervisor import Display, Supervision, check_ray_environment, ray_directory
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.locks.stop import stop_signals
from recipe_sweep.sweep.monitoring.status import SweepStatus
from recipe_sweep.sweep.planning.data_versions import kept_versions
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.planning.request import LaunchRequest, check_numerics, check_playable, plan_of
from recipe_sweep.sweep.results.done import read_done, set_aside
from recipe_sweep.sweep.store.datasets import datasets_to_store, fetch_lacking
from recipe_sweep.sweep.store.sync import syncing
from recipe_sweep.sweep.travel.choice import check_way
from recipe_sweep.sweep.worker.data_check import compared_once, prepared_data
from recipe_sweep.sweep.worker.source import keep_source
from recipe_sweep.sweep.worker.word_check import checked_words
from recipe_sweep.sweep.worker.workload import load_workload


@dataclass(frozen=True)
class LaunchEnd:
    """How a launch ended. `hopeless`: it stopped because many attempts failed in a row."""

    status: SweepStatus
    trained: int
    interrupted: bool
    hopeless: bool


def launch(
    request: LaunchRequest, display: Display, companion: Callable[[], AbstractContextManager[object]] = nullcontext
) -> LaunchEnd:
    """Train all runs that are not done, until they are done or a signal asks to stop (SIGINT, SIGTERM).

    `companion` is entered when the sweep's files exist, and left after the last pack. Raises LeaseHeldError if another launch
    runs, UserInputError for wrong data or a wrong directory, and EngineError if Ray dies repeatedly.
    """
    with compared_once(request.launch_id):
        return _launch(request, display, companion)


def _launch(request: LaunchRequest, display: Display, companion: Callable[[], AbstractContextManager[object]]) -> LaunchEnd:
    check_ray_environment(request.resources)
    check_way(request.resources.travel, None if request.store is None else request.store.address)
    paths = request.paths
    check_usable(folders(paths))
    data_root = _data_root(request)
    sweep = _checked_sweep_file(request, data_root)
    sweep = sweep.with_words(checked_words(request.points, sweep.word_sources, str(paths.lock_file)))
    todo = [point for pack in plan_of(request).packs for point in pack.points]
    check_numerics(request, todo)
    check_playable(request, todo)
    fetch_lacking(request.store, todo, data_root, sweep.pins, display.tell)
    workload = load_workload(request.workload)
    pins = prepared_data(workload, todo, data_root, sweep.pins, display.tell, request.launch_id)
    datasets = datasets_to_store(request.store, todo, data_root, pins.contents)
    pinned = sweep.with_pins(pins)
    with (
        ray_directory() as ray_files,
        Lease.acquire(paths.lease, display.tell) as lease,
        stop_signals() as asked,
        syncing(request.store, paths, lambda: lease.epoch, asked, display.tell, datasets),
    ):
        check_writable(paths)
        write_sweep_file(paths, pinned)
        if request.rehearsal is None:  # A rehearsal trains nothing.
            keep_source(paths)
        _tell_late_pins(sweep, pinned, todo, display)
        plan = plan_of(request)
        forgive(paths, plan.forgiven)
        withdraw_suspects(paths, plan.forgiven)
        set_aside(paths, plan.weightless)
        estimated = estimate(plan, paths, machines_here(request.resources), request.workload)
        if estimated is not None:
            write_estimate(paths, lease.epoch, estimated)
        epoch, began, began_at = lease.epoch, time.monotonic(), datetime.now(UTC)
        with companion():
            supervision = Supervision(request, pinned, lease, display, asked, ray_files)
            hopeless = supervision.run()
            write_outcome(paths, epoch, _outcome(request, plan, epoch, time.monotonic() - began, began_at))
        _remove_spent_checkpoints(paths)
    status = supervision.watcher.look()
    finished = read_done(paths).file_of
    trained = sum(point.run_id in finished for point in todo)
    return LaunchEnd(status, trained, interrupted=asked.count > 0, hopeless=hopeless)


def _outcome(request: LaunchRequest, plan: Plan, epoch: int, took_s: float, began_at: datetime) -> Outcome:
    """Make the record of how a launch ended: its time, and the trained of the planned runs."""
    finished = read_done(request.paths).file_of
    attempts = [attempt for pack in plan.packs[:1] for attempt in read_attempts(request.paths, pack.pack_id)]
    starts = [datetime.fromisoformat(attempt.began_at) for attempt in attempts if attempt.epoch == epoch]
    return Outcome(
        host=socket.gethostname(),
        took_s=took_s,
        start_s=max((starts[0] - began_at).total_seconds(), 0.0) if starts else None,
        ray=request.resources.uses_ray,
        planned=plan.runs,
        trained=sum(run_id in finished for pack in plan.packs for run_id in pack.run_ids),
    )


def _tell_late_pins(before: SweepFile, after: SweepFile, points: Iterable[DesignPoint], display: Display) -> None:
    """Name the datasets that this sweep used before it pinned their fingerprints."""
    late = (after.data_fingerprints.keys() - before.data_fingerprints.keys()) & before.data_hashes.keys()
    for point in {point.dataset_id: point for point in points if point.dataset_id in late}.values():
        pinned = after.data_fingerprints[point.dataset_id][:12]
        display.tell(
            f"dataset {point.source}/{point.environment}/{point.dataset}: fingerprint {pinned} is pinned from now on, "
            "because this sweep began before fingerprints were kept"
        )


def _data_root(request: LaunchRequest) -> Path:
    from recipe_sweep.trainers.data.catalogue import default_data_root

    if request.rehearsal is not None:
        return request.paths.root.resolve()  # A rehearsal needs no data. It reads from the sweep's file how slow to be.
    return (request.data_root or default_data_root()).resolve()


def _checked_sweep_file(request: LaunchRequest, data_root: Path) -> SweepFile:
    """Make the sweep's file for this launch. Raises SweepDirectoryError if other weights were pinned to keep."""
    known = read_sweep_file(request.paths)
    store = None if request.store is None else request.store.address
    stated = Keep(request.grid["keep"]) if "keep" in request.grid else None
    asked = request.keep or stated
    versions = newest_versions().updated(kept_versions(request.paths)).of_task
    if known is None:
        return SweepFile(
            name=request.name,
            grid=request.grid,
            keep=asked or Keep.ACTOR,
            data_root=str(data_root),
            created_at=datetime.now(UTC).isoformat(),
            rehearsal=request.rehearsal,
            store=store,
            dataset_versions=versions,
            numerics=request.numerics,
        )
    if asked not in (None, known.keep):
        raise SweepDirectoryError(
            Problem(
                file=str(request.paths.lock_file),
                key="keep",
                found=f"--keep {asked}" if request.keep else f"keep: {asked} in the grid",
                expected=f"{known.keep}, with which this sweep began: a run is done only if these weights are there",
                hint=f"ask for {known.keep}, or begin another sweep with --dir",
            )
        )
    return replace(
        known,
        name=request.name,
        grid=request.grid,
        data_root=str(data_root),
        rehearsal=None if request.rehearsal is None else request.rehearsal.continuing(known.rehearsal),
        store=store,
        dataset_versions=versions,
        numerics=request.numerics,
        schema_version=SCHEMA_VERSION,
    )


def _remove_spent_checkpoints(paths: SweepPaths) -> None:
    """Remove checkpoints of started packs if all their runs are done in other packs: they are no longer needed."""
    done = read_done(paths)
    for record in read_records(paths, without=done.pack_ids):
        if all(run_id in done.file_of for run_id in record.pack.run_ids):
            remove_checkpoints(paths, record.pack.pack_id)
