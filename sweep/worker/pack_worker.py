"""What one process does with one pack: claim it, train it, and publish it or record a failure. It does not know Ray.

    claim -> attempt begins -> train (checkpoints, progress, asks whether to stop) -> publish -> attempt ends

A process that is killed at any moment leaves only an attempt that never ended, and a checkpoint.
"""

from __future__ import annotations

import faulthandler
import os
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from recipe_sweep.cluster.spot_notice import listening
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.sweep.errors import AlreadyPublishedError, LeaseLostError, StoreError
from recipe_sweep.sweep.files.attempt_file import (
    Attempt,
    AttemptEnd,
    attempt_file,
    begin_attempt,
    deaths_in_place,
    end_attempt,
    read_attempts,
)
from recipe_sweep.sweep.files.failure_file import (
    HINDERED_TRIES,
    Cause,
    Failure,
    cause_of,
    cause_of_hang,
    failed_attempts,
    failure_file,
    hindered_attempts,
    log_tail,
    may_pass,
    record_failure,
)
from recipe_sweep.sweep.files.hang import Hang, hang_in
from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, read_record, resume_dirs
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import canonical_text
from recipe_sweep.sweep.files.progress_file import (
    PackProgressFile,
    RunProgress,
    progress_path,
    read_progress,
    write_progress,
)
from recipe_sweep.sweep.travel.base import PackFiles, Travel
from recipe_sweep.sweep.worker.sigterm import told_to_end
from recipe_sweep.sweep.worker.usage import UsageMeter
from recipe_sweep.sweep.worker.watchdog import watched
from recipe_sweep.sweep.worker.workload import load_workload

if TYPE_CHECKING:
    from recipe_sweep.trainers.outcome import PackProgress

DEATHS_ALLOWED = 3
"""Attempts of one launch that may die at the same step. The next one is recorded as a failure and not tried."""

PROGRESS_EVERY_S = 5.0

_say: Callable[[str], None] = partial(print, flush=True)


def work(travel: Travel, pack_id: str) -> AttemptEnd:
    """Train a started pack to its end and publish it; return how the attempt ended.

    An exception in training is recorded as a failure and not raised. So the sweep goes on with its other packs. An
    attempt that was killed because it made no progress could not record a failure. The next attempt records it, and then
    ends. If that fails as well, the attempt counts as hindered: the disk is full, or the checkpoint's store is away.
    """
    try:
        return _work(travel, pack_id)
    except (OSError, StoreError) as error:
        if not may_pass(error):
            raise
        traceback.print_exc()
        return AttemptEnd.HINDERED


def _work(travel: Travel, pack_id: str) -> AttemptEnd:
    epoch = travel.settings.epoch
    with travel.claimed(pack_id, give_up=travel.told_to_stop) as files:
        if not files.ours or files.told_to_stop():
            return AttemptEnd.STOPPED
        if files.published:
            files.clean_up()  # The process that published it was killed before it could clean up.
            return AttemptEnd.PUBLISHED
        paths, resources = files.paths, files.settings.resources
        record = read_record(paths.pack_record(pack_id))
        if (hung := _hung(paths, pack_id)) is not None:
            _record_hang(files, record.pack, *hung)
            return AttemptEnd.FAILED
        before = read_progress(progress_path(paths.progress, pack_id))
        step = before.resumed_step if before else 0  # This step moves only after a checkpoint.
        deaths = deaths_in_place(paths, pack_id, epoch, step)
        attempt = begin_attempt(paths, pack_id, epoch, step)
        files.send(attempt_file(paths, attempt))
        log_path = paths.pack_log(pack_id, attempt.number)
        with (
            # Inline, this process is the launch, which handles signals itself.
            told_to_end(not resources.inline, _say) as ending,
            _Boundary(files, attempt, record.pack) as boundary,
            _logging_to(log_path) as text,
            watched(resources.stuck_after_minutes, text) as alive,
            listening(resources.spot_notice, _say) as leaving,
        ):
            files.logging_to(log_path)
            if files.killed is not None:
                was = files.killed
                _say(f"killed process {was.process.pid} of launch {was.epoch}, which was stopped and kept this pack")
            if deaths >= DEATHS_ALLOWED:
                raise WorkerDiedError(
                    f"{deaths} processes in a row were killed at the same step; the usual cause is a lack of memory: "
                    "lower max_lanes in the cluster file"
                )
            boundary.end = _train(files, record, attempt, alive, lambda: leaving() or ending() or files.told_to_stop())
            if boundary.end is AttemptEnd.STOPPED and not files.told_to_stop():
                boundary.end = AttemptEnd.DRAINED if leaving() else AttemptEnd.TERMINATED
        return boundary.end


class WorkerDiedError(Exception):
    """Several processes in a row died on this pack at the same step."""


class _Boundary:
    """Turns every exception of training into a recorded failure, so that one pack cannot end the sweep.

    An exception after the end of the launch is no failure of the pack, because its processes are being ended.
    KeyboardInterrupt and SystemExit are no failures either, and pass through.
    """

    def __init__(self, files: PackFiles, attempt: Attempt, pack: Pack) -> None:
        self._files, self._paths, self._attempt, self._pack = files, files.paths, attempt, pack
        self.end = AttemptEnd.FAILED

    def __enter__(self) -> _Boundary:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, LeaseLostError | AlreadyPublishedError):
            self.end = AttemptEnd.DROPPED
        elif isinstance(error, Exception) and self._files.told_to_stop():
            self.end = AttemptEnd.STOPPED
        elif isinstance(error, Exception):
            self.end = self._failed_by(error)
        elif error is not None:
            return False
        end_attempt(self._paths, self._attempt, self.end)
        with suppress(LeaseLostError):  # Then nobody waits for the end of this attempt.
            self._files.send(attempt_file(self._paths, self._attempt))
        return True

    def _failed_by(self, error: Exception) -> AttemptEnd:
        cause = cause_of(error)
        if isinstance(error, WorkerDiedError):
            cause = Cause(cause.error, cause.message, "outside of Python")
        hindered = may_pass(error) and hindered_attempts(self._paths, self._pack.pack_id) < HINDERED_TRIES
        trace = "".join(traceback.format_exception(error))
        failure = _failure(self._paths, self._pack, self._attempt, cause, trace, hindered=hindered)
        record_failure(self._paths, failure)
        self._files.send(failure_file(self._paths, failure))
        return AttemptEnd.HINDERED if hindered else AttemptEnd.FAILED


def _failure(paths: SweepPaths, pack: Pack, attempt: Attempt, cause: Cause, trace: str, *, hindered: bool = False) -> Failure:
    last_chance = failed_attempts(paths).get(pack.pack_id, 0) + 1 >= pack.attempts_allowed
    return Failure(
        pack_id=pack.pack_id,
        attempt=attempt.number,
        epoch=attempt.epoch,
        run_ids=pack.run_ids,
        cause=cause,
        traceback=trace,
        log_tail=log_tail(paths.pack_log(pack.pack_id, attempt.number)),
        host=attempt.process.host,
        failed_at=datetime.now(UTC),
        final=len(pack.points) == 1 and last_chance and not hindered,
        hindered=hindered,
    )


def _hung(paths: SweepPaths, pack_id: str) -> tuple[Attempt, Hang] | None:
    """Find the attempt before, if it was killed for lack of progress and no failure was recorded yet."""
    last = read_attempts(paths, pack_id)[-1:]
    if not last or last[0].end is not AttemptEnd.OPEN:
        return None
    hang = hang_in(paths.pack_log(pack_id, last[0].number))
    return None if hang is None else (last[0], hang)


def _record_hang(files: PackFiles, pack: Pack, attempt: Attempt, hang: Hang) -> None:
    paths = files.paths
    failure = _failure(paths, pack, attempt, cause_of_hang(hang), hang.trace)
    with suppress(FileExistsError):  # An earlier process was killed between these two lines.
        record_failure(paths, failure)
    files.send(failure_file(paths, failure))
    end_attempt(paths, attempt, AttemptEnd.FAILED)
    files.send(attempt_file(paths, attempt))


def _train(
    files: PackFiles, record: PackRecord, attempt: Attempt, alive: Callable[[], None], should_stop: Callable[[], bool]
) -> AttemptEnd:
    # Imported here, so that a failing import is a recorded failure like any other.
    from recipe_sweep.sweep.planning.numerics import refuse_numerics
    from recipe_sweep.sweep.planning.search_rounds import floors_of
    from recipe_sweep.sweep.results.publish import Provenance, publish
    from recipe_sweep.sweep.store.datasets import root_on_this_node
    from recipe_sweep.sweep.worker.data_check import check_on_this_node
    from recipe_sweep.sweep.worker.device import (
        choose_device,
        kind_of_machine,
        release_memory,
        torch_version,
    )
    from recipe_sweep.sweep.worker.source import code_version
    from recipe_sweep.sweep.worker.word_check import checked_words
    from recipe_sweep.trainers.data.errors import DataError
    from recipe_sweep.trainers.request import TrainRequest

    settings, paths, pack = files.settings, files.paths, record.pack
    device = choose_device(settings.resources.device)
    started_at = datetime.now(UTC)
    print(
        f"pack {pack.pack_id}: {counted(len(pack.points), 'run')}, attempt {attempt.number}, {device}, "
        f"{counted(record.threads, 'thread')}",
        flush=True,
    )
    workload, point = load_workload(settings.workload), pack.points[0]
    if settings.workload == REAL:
        refuse_numerics(pack.points, paths)  # The package may have been renewed since the launch began.
    needs_data = point.dataset_id in settings.fingerprints  # Rehearsals and stand-in workloads use none.
    stage, sources = settings.resources.stage_data if needs_data else None, files.data_sources(point, record.data_hash)
    data_root = root_on_this_node(stage, point, settings.data_root, record.data_hash, sources, _say)
    checked_words(pack.points, settings.word_sources, str(settings.paths.launch_file(settings.epoch)))
    check_on_this_node(settings, point, data_root, _say)
    request = TrainRequest(
        points=pack.points,
        data_root=data_root,
        data_hash=record.data_hash,
        checkpoint_dir=paths.pack_checkpoint(pack.pack_id),
        resume_dirs=resume_dirs(paths, pack),
        device=device,
        threads=record.threads,
        keep=settings.keep,
        checkpoint_minutes=settings.resources.checkpoint_minutes,
        floors=floors_of(paths, pack.points),
        progress=_ProgressWriter(files, pack, started_at, alive),
        should_stop=should_stop,
        saved=files.send_checkpoint,
    )
    outcome = workload.train_pack(request)
    try:
        check_on_this_node(settings, point, data_root, _say)  # The files may have changed during training.
    except DataError:
        files.drop_checkpoints()  # Nobody knows which data the steps used.
        raise
    if not outcome.complete:
        return AttemptEnd.STOPPED
    provenance = Provenance(
        epoch=settings.epoch,
        attempt=attempt.number,
        code_version=code_version(),
        torch_version=torch_version(),
        device=device,
        threads=record.threads,
        host=socket.gethostname(),
        started_at=started_at,
        finished_at=datetime.now(UTC),
        machine=kind_of_machine(device),
        pack_dependent=outcome.pack_dependent,
    )
    publish(files, pack, outcome, provenance, settings.keep)
    del outcome
    release_memory()
    files.clean_up()
    return AttemptEnd.PUBLISHED


class _ProgressWriter:
    """Writes the trainer's progress to the pack's progress file: at once after an evaluation, else every few seconds."""

    def __init__(self, files: PackFiles, pack: Pack, started_at: datetime, alive: Callable[[], None]) -> None:
        self._files, self._pack, self._started_at, self._alive = files, pack, started_at, alive
        self._texts = [canonical_text(point) for point in pack.points]
        self._resumed_step: int | None = None
        self._written_at = 0.0
        self._evaluations = -1
        self._meter = UsageMeter()

    def __call__(self, progress: PackProgress) -> None:
        self._alive()
        if self._resumed_step is None:
            self._resumed_step = progress.step
        evaluations = sum(len(curve) for curve in progress.curves.values())
        now = time.monotonic()
        if evaluations == self._evaluations and now - self._written_at < PROGRESS_EVERY_S:
            return
        self._written_at, self._evaluations = now, evaluations
        runs = tuple(
            RunProgress(point.run_id, point.config_id, text, tuple(progress.curves.get(point.run_id, ())))
            for point, text in zip(self._pack.points, self._texts, strict=True)
        )
        path = write_progress(
            self._files.paths.progress,
            PackProgressFile(
                pack_id=self._pack.pack_id,
                runs=runs,
                step=progress.step,
                steps=progress.steps,
                scale_min=progress.scale.minimum,
                scale_max=progress.scale.maximum,
                started_at=self._started_at,
                updated_at=datetime.now(UTC),
                resumed_step=self._resumed_step,
                epoch=self._files.settings.epoch,
                usage=self._meter.read(),
            ),
        )
        self._files.send_soon(path)


@contextmanager
def _logging_to(path: Path) -> Iterator[TextIO]:
    """Send everything that this process prints to the attempt's log, with output of native libraries and traces; yield it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(1), os.dup(2)
    with path.open("a", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        faulthandler.enable(log)
        try:
            yield log
        except Exception:
            traceback.print_exc()
            raise
        finally:
            faulthandler.disable()
            for kept, descriptor in zip(saved, (1, 2), strict=True):
                os.dup2(kept, descriptor)
                os.close(kept)
