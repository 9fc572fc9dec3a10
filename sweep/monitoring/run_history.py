"""Everything about one run of a sweep: settings, state, reason, attempts, result and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import DamagedFileError, SweepDirectoryError, UnknownRunError
from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.failure_file import Failure, read_failures
from recipe_sweep.sweep.files.kinds import RESULTS
from recipe_sweep.sweep.files.launch_file import Reason, read_reasons
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.pack_file import PackRecord, readable_records
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import progress_path, read_progress
from recipe_sweep.sweep.files.reading import meaningful
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import Target, one_run
from recipe_sweep.sweep.planning.packing import Capacity
from recipe_sweep.sweep.planning.plan import make_plan
from recipe_sweep.sweep.results.done import DoneRuns, ResultFile, read_done
from recipe_sweep.sweep.results.read import read_rows


class RunState(StrEnum):
    """State of a run."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    """Its last attempt failed, and a launch will try it again."""
    GAVE_UP = "gave up"
    """It failed as often as it may, in a pack of its own."""
    OUTSIDE = "outside the grid"


@dataclass(frozen=True)
class Try:
    """An attempt at a pack that holds the run; `failure` if it recorded one, `alive` if it runs now."""

    attempt: Attempt
    failure: Failure | None
    alive: bool


@dataclass(frozen=True)
class Outcome:
    """A finished run's row: result, share of its pack's cost (seconds), and provenance."""

    status: str
    diverged_step: int | None
    score: float | None
    """None if the run was not evaluated"""
    score_best: float | None
    curve: tuple[tuple[int, float], ...]
    """Steps and normalised scores."""
    wall_s: float
    cpu_s: float
    win_rate: float | None
    """Share of the last evaluation's episodes that were won; None for a task without winners"""
    lanes: int
    pack_id: str
    epoch: int
    attempt: int
    code_version: str
    torch_version: str
    device: str
    threads: int
    host: str
    data_hash: str
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class Dossier:
    """One run. `step` is its progress while it runs, `reason` why it ran or would run, `files` what is on disk.

    `replayable` means that it was trained, so that it can be again. `code` is the archive with the source that trained it, if
    the sweep has it.
    """

    point: DesignPoint
    state: RunState
    step: int | None
    reason: Reason | None
    packs: tuple[PackRecord, ...]
    tries: tuple[Try, ...]
    outcome: Outcome | None
    files: tuple[tuple[str, Path], ...]
    replayable: bool
    code: Path | None


def find_run(target: Target, run_id: str) -> DesignPoint:
    """Find a run by (the beginning of) its id, in the grid or among all runs that were ever started.

    Raises UnknownRunError.
    """
    if any(point.run_id.startswith(run_id) for point in target.points):
        return one_run(target.points, run_id)
    outside = {point.run_id: point for record in readable_records(target.paths) for point in record.pack.points}
    if not any(other.startswith(run_id) for other in outside):
        text = f"no such run among the grid's {len(target.points)}, nor among those ever started in {target.paths.root}"
        raise UnknownRunError(Problem(cut(f"run {run_id}"), found=text, expected="the id of one run, or its beginning"))
    return one_run(tuple(outside.values()), run_id)


def open_dossier(target: Target, run_id: str) -> Dossier:
    """Collect everything about one run, by (the beginning of) its id. Raises UnknownRunError, SweepDirectoryError."""
    point, paths = find_run(target, run_id), target.paths
    run_id = point.run_id
    done = read_done(paths)
    packs = tuple(record for record in readable_records(paths) if run_id in record.pack.run_ids)
    failures = [failure for failure in read_failures(paths) if run_id in failure.run_ids]
    tries = tuple(entry for record in packs for entry in _tries(paths, record, failures))
    file = done.file_of.get(run_id)
    outcome = None if file is None else _readable_outcome(paths, file, run_id)
    state = _state(target, run_id, done)
    step = None
    if state is RunState.RUNNING:
        live = (read_progress(progress_path(paths.progress, record.pack.pack_id)) for record in reversed(packs))
        step = next((progress.step for progress in live if progress is not None), None)
    return Dossier(
        point=point,
        state=state,
        step=step,
        reason=_reason(target, run_id, packs, state),
        packs=packs,
        tries=tries,
        outcome=outcome,
        files=tuple((kind, path) for kind, path in _files(paths, file, packs) if path.exists()),
        replayable=outcome is not None and file is not None and not file.rehearsal,
        code=None if outcome is None else _code(paths, outcome),
    )


def _state(target: Target, run_id: str, done: DoneRuns) -> RunState:
    if all(point.run_id != run_id for point in target.points):
        return RunState.OUTSIDE
    if run_id in done.file_of:
        return RunState.DONE
    look = SweepWatcher(target.points, target.paths, {run_id}).look()
    if look.running:
        return RunState.RUNNING
    if look.failed:
        return RunState.GAVE_UP
    return RunState.FAILED if look.failures else RunState.WAITING


def _reason(target: Target, run_id: str, packs: tuple[PackRecord, ...], state: RunState) -> Reason | None:
    """Read the reason that the first launch recorded for the run; if none did, the reason of a plan made now."""
    if packs:
        recorded = read_reasons(target.paths.launch_file(packs[0].epoch))
        return next((reason for reason in recorded if run_id in reason.run_ids), None)
    if state is RunState.OUTSIDE:
        return None
    try:
        plan = make_plan(target.points, target.paths, Capacity(slots=1, max_lanes=1), selected={run_id})
    except SweepDirectoryError:  # No plan is possible. The other facts of the run are still shown.
        return None
    return next(iter(plan.reasons), None)


def _tries(paths: SweepPaths, record: PackRecord, failures: list[Failure]) -> list[Try]:
    pack_id = record.pack.pack_id
    of_pack = {failure.attempt: failure for failure in failures if failure.pack_id == pack_id}
    return [
        Try(
            attempt,
            of_pack.get(attempt.number),
            attempt.end is AttemptEnd.OPEN and (not attempt.process.is_local() or attempt.process.is_alive()),
        )
        for attempt in read_attempts(paths, pack_id)
    ]


def _readable_outcome(paths: SweepPaths, file: ResultFile, run_id: str) -> Outcome | None:
    try:
        return _outcome(paths, file, run_id)
    except DamagedFileError as error:
        overlook(error)
        return None


def _outcome(paths: SweepPaths, file: ResultFile, run_id: str) -> Outcome:
    path = paths.pack_result(file.pack_id)
    names = Outcome.__dataclass_fields__.keys() - {"curve"}
    table = read_rows(path, [*names, "run_id", "scale_min", "scale_max", "curve_step", "curve_return"])
    with meaningful(path, RESULTS):
        row = next(row for row in table.to_pylist() if row["run_id"] == run_id)
        low, high = row["scale_min"], row["scale_max"]
        scores = [(value - low) / (high - low) for value in row["curve_return"]]
        values: dict[str, Any] = {name: row[name] for name in names}
        return Outcome(curve=tuple(zip(row["curve_step"], scores, strict=True)), **values)


def _code(paths: SweepPaths, outcome: Outcome) -> Path | None:
    """Find the archive with the source of the run's version. A results file may come from others, so its text is checked."""
    if not outcome.code_version or "/" in outcome.code_version:
        return None
    path = paths.code_archive(outcome.code_version)
    return path if path.is_file() else None


def _files(paths: SweepPaths, file: ResultFile | None, packs: Sequence[PackRecord]) -> Iterator[tuple[str, Path]]:
    """List the run's files by kind. Logs and failures are directories with a file per attempt."""
    if file is not None:
        yield "results", paths.pack_result(file.pack_id)
        yield "weights", paths.pack_weights(file.pack_id, file.epoch, file.attempt)
    for pack_id in (record.pack.pack_id for record in packs):
        yield "pack", paths.pack_record(pack_id)
        yield "checkpoints", paths.pack_checkpoint(pack_id)
        yield "logs", paths.pack_log(pack_id, 1).parent
        yield "failures", paths.pack_failure(pack_id, 1).parent
