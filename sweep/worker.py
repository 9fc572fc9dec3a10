"""What one process does with one pack: claim it, train it, publish it, or say why not. Knows nothing of Ray.

    claim -> attempt begins -> train (checkpoints, progress, asks whether to stop) -> publish -> attempt ends

A process that is killed anywhere on this way leaves an attempt that never ended and a checkpoint, and nothing else.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sweep.attempts import Attempt, AttemptEnd, begin_attempt, claimed, deaths_in_place, end_attempt
from sweep.errors import AlreadyPublishedError, LeaseLostError
from sweep.failures import Cause, Failure, cause_of, failed_attempts, log_tail, record_failure
from sweep.launch_file import LaunchSettings
from sweep.packs import Pack
from sweep.point_json import canonical_text
from sweep.progress import PackProgressFile, RunProgress, progress_path, read_progress, remove_progress, write_progress
from sweep.queue import told_to_stop
from sweep.records import PackRecord, read_record, resume_dirs
from sweep.workload import load_workload

if TYPE_CHECKING:
    from trainers.train import PackProgress

DEATHS_ALLOWED = 3
"""Attempts of one launch that may die at the same step; the next one is recorded as a failure instead of tried."""

PROGRESS_EVERY_S = 5.0


def work(settings: LaunchSettings, pack_id: str) -> AttemptEnd:
    """Train a started pack to its end and publish it; returns how the attempt ended.

    An exception in training is recorded as a failure and not raised: the sweep goes on with its other packs.
    """
    paths = settings.paths

    def should_stop() -> bool:
        return told_to_stop(settings)

    with claimed(paths, pack_id, give_up=should_stop) as ours:
        if not ours or should_stop():
            return AttemptEnd.STOPPED
        if paths.pack_result(pack_id).exists():
            return AttemptEnd.PUBLISHED
        record = read_record(paths.pack_record(pack_id))
        before = read_progress(progress_path(paths.progress, pack_id))
        step = before.resumed_step if before else 0  # moves only where a checkpoint was written since
        deaths = deaths_in_place(paths, pack_id, settings.epoch, step)
        attempt = begin_attempt(paths, pack_id, settings.epoch, step)
        with _Boundary(settings, attempt, record.pack) as boundary, _logging_to(paths.pack_log(pack_id, attempt.number)):
            if deaths >= DEATHS_ALLOWED:
                raise WorkerDiedError(
                    f"{deaths} processes in a row were killed at the same step; the usual cause is a lack of memory: "
                    "lower max_lanes in the cluster file"
                )
            boundary.end = _train(settings, record, attempt, should_stop)
        return boundary.end


class WorkerDiedError(Exception):
    """Processes die on this pack without getting any further."""


class _Boundary:
    """The one place where whatever training raises becomes a recorded failure, so that no pack can take the sweep down.

    What is raised once the launch is over is no failure of the pack: its surroundings are being taken away. Nor are
    KeyboardInterrupt and SystemExit, which pass through.
    """

    def __init__(self, settings: LaunchSettings, attempt: Attempt, pack: Pack) -> None:
        self._settings, self._paths, self._attempt, self._pack = settings, settings.paths, attempt, pack
        self.end = AttemptEnd.FAILED

    def __enter__(self) -> _Boundary:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, LeaseLostError | AlreadyPublishedError):
            self.end = AttemptEnd.DROPPED
        elif isinstance(error, Exception) and told_to_stop(self._settings):
            self.end = AttemptEnd.STOPPED
        elif isinstance(error, Exception):
            record_failure(self._paths, self._failure(error))
        elif error is not None:
            return False
        end_attempt(self._paths, self._attempt, self.end)
        return True

    def _failure(self, error: Exception) -> Failure:
        pack_id, number = self._attempt.pack_id, self._attempt.number
        cause = cause_of(error)
        if isinstance(error, WorkerDiedError):
            cause = Cause(cause.error, cause.message, "outside of Python")
        return Failure(
            pack_id=pack_id,
            attempt=number,
            epoch=self._attempt.epoch,
            run_ids=self._pack.run_ids,
            cause=cause,
            traceback="".join(traceback.format_exception(error)),
            log_tail=log_tail(self._paths.pack_log(pack_id, number)),
            host=socket.gethostname(),
            failed_at=datetime.now(UTC),
            final=len(self._pack.points) == 1
            and failed_attempts(self._paths).get(pack_id, 0) + 1 >= self._pack.attempts_allowed,
        )


def _train(settings: LaunchSettings, record: PackRecord, attempt: Attempt, should_stop: Callable[[], bool]) -> AttemptEnd:
    # Here and not above, so that a failing import is a recorded failure like any other.
    from sweep.device import choose_device, code_version, release_memory, settle_imports, torch_version
    from sweep.results import Provenance, publish

    paths, pack = settings.paths, record.pack
    device = choose_device(settings.resources.device)
    started_at = datetime.now(UTC)
    print(
        f"pack {pack.pack_id}: {len(pack.points)} runs, attempt {attempt.number}, {device}, {record.threads} threads",
        flush=True,
    )
    workload = load_workload(settings.workload)
    settle_imports()
    outcome = workload.train_pack(
        pack.points,
        data_root=settings.data_root,
        data_hash=record.data_hash,
        checkpoint_dir=paths.pack_checkpoint(pack.pack_id),
        resume_dirs=resume_dirs(paths, pack),
        device=device,
        threads=record.threads,
        keep=settings.keep,
        checkpoint_minutes=settings.resources.checkpoint_minutes,
        progress=_ProgressWriter(paths.progress, pack, started_at),
        should_stop=should_stop,
    )
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
    )
    publish(paths, pack, outcome, provenance, settings.keep)
    del outcome
    release_memory()
    remove_progress(paths.progress, pack.pack_id)
    shutil.rmtree(paths.pack_checkpoint(pack.pack_id), ignore_errors=True)
    return AttemptEnd.PUBLISHED


class _ProgressWriter:
    """Turns the trainer's progress into the pack's progress file: at once where a curve grew, else every few seconds."""

    def __init__(self, folder: Path, pack: Pack, started_at: datetime) -> None:
        self._folder, self._pack, self._started_at = folder, pack, started_at
        self._texts = [canonical_text(point) for point in pack.points]
        self._resumed_step: int | None = None
        self._written_at = 0.0
        self._evaluations = -1

    def __call__(self, progress: PackProgress) -> None:
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
        write_progress(
            self._folder,
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
            ),
        )


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Send everything this process prints, native libraries and crashes included, to the attempt's log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(1), os.dup(2)
    with path.open("a", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        faulthandler.enable(log)
        try:
            yield
        finally:
            faulthandler.disable()
            for kept, descriptor in zip(saved, (1, 2), strict=True):
                os.dup2(kept, descriptor)
                os.close(kept)
