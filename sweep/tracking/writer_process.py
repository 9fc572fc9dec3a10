"""The one process that keeps MLflow up to date during a launch. Its argument is the sweep's directory.

It is a process of its own, so that a slow or dead tracking server never delays training. MLflow's memory is then also not the
launch's. When its standard input ends, it makes one last pass and ends. That happens on `stop()`, and if the launch is
killed. The process may be killed at any moment, because the next one continues its work.
"""

from __future__ import annotations

import argparse
import functools
import gc
import logging
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.errors import ProjectionBusyError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.tracking.client import refusals
from recipe_sweep.sweep.tracking.projection import Projection, projection_lock
from recipe_sweep.sweep.tracking.writer_report import Reports, WriterEnd, read_reports

POLL_S = 5.0
LOOK_EVERY_S = 0.5
LONGEST_WAIT_S = 300.0
LAST_ATTEMPTS = 3
LAST_PASS_S = 10.0
"""Longest time in seconds that the end of a launch waits until MLflow has the last runs."""

log = logging.getLogger("recipe_sweep.sweep.tracking.writer_process")


@dataclass(frozen=True)
class MlflowWriter:
    """A running writer; as a context manager it stops at the end. Its log is `logs/mlflow.log` of the sweep."""

    process: subprocess.Popen[bytes]
    log_file: Path
    reports: int
    """The launch's end of the pipe from the writer"""

    def stop(self, timeout_s: float = LAST_PASS_S) -> WriterEnd:
        """Ask for the last pass, wait for it at most `timeout_s`, and end the process; call this once.

        If MLflow then lacks runs, no result is lost, and `project` adds them at any later time.
        """
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            up_to_date = self.process.wait(timeout_s) == 0
        except subprocess.TimeoutExpired:
            up_to_date = False
        finally:  # Also if the user interrupts the wait.
            self.process.kill()
            self.process.wait()
        return read_reports(self.reports, up_to_date)

    def __enter__(self) -> MlflowWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_writer(
    sweep_dir: Path, per_run: bool = False, tracking_uri: str | None = None, poll_s: float = POLL_S
) -> MlflowWriter:
    """Start the writer of one sweep beside a launch; return at once."""
    log_file = SweepPaths(sweep_dir).logs / "mlflow.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    # -P: Python must not import files of the user's directory.
    command = [
        sys.executable,
        "-P",
        "-m",
        "recipe_sweep.sweep.tracking.writer_process",
        str(sweep_dir),
        "--poll-s",
        str(poll_s),
    ]
    command += ["--per-run"] if per_run else []
    # The address may have a password. Everybody can read a command line, but only the owner the environment.
    environment = os.environ | ({"MLFLOW_TRACKING_URI": tracking_uri} if tracking_uri else {})
    reports, writers_end = os.pipe()
    command += ["--reports", str(writers_end)]
    with log_file.open("ab") as log_stream:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command,
            stdin=subprocess.PIPE,
            stdout=log_stream,
            stderr=log_stream,
            env=environment,
            pass_fds=(writers_end,),
            start_new_session=True,  # Ctrl-C must reach only the launch, which then calls stop()
        )
    os.close(writers_end)
    return MlflowWriter(process, log_file, reports)


def main() -> int:
    """Poll until standard input ends; return 0 if the last pass succeeded."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sweep_dir", type=Path)
    parser.add_argument("--poll-s", type=float, default=POLL_S)
    parser.add_argument("--per-run", action="store_true")
    parser.add_argument("--reports", type=int, help="descriptor of the pipe to the launch")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    os.nice(10)  # the processors are for training
    _wait_for_something(SweepPaths(options.sweep_dir))
    gc.disable()  # A third of the time in which MLflow is imported would go into it.
    reports = Reports(options.reports)
    reports.refused("MLflow did not start in time")
    busy = False
    while True:
        try:
            with projection_lock(options.sweep_dir, wait=False):
                return _write(options.sweep_dir, options.per_run, options.poll_s, reports)
        except ProjectionBusyError:
            if not busy:
                reports.refused("another process is writing there")
            busy = True
            if _input_ended(options.poll_s):
                return 1


def _wait_for_something(paths: SweepPaths) -> None:
    """Wait until the sweep has something to show, or input ends, because the start of a launch needs the processors."""
    while not (_any_file(paths.results) or _any_file(paths.progress)) and not _input_ended(LOOK_EVERY_S):
        pass


def _any_file(folder: Path) -> bool:
    return next(folder.glob("[!.]*"), None) is not None


def _write(sweep_dir: Path, per_run: bool, poll_s: float, reports: Reports) -> int:
    """Make pass after pass; return the exit code. The process holds the lock."""

    def tell(sentence: str) -> None:
        log.warning("%s", sentence)
        reports.note(sentence)

    projection = Projection(sweep_dir, per_run=per_run, tell=tell)
    failures, pause_s = 0, 0.0
    while not _input_ended(pause_s):
        failures = 0 if _live_pass(projection) else failures + 1
        pause_s = min(poll_s * 2**failures, LONGEST_WAIT_S)
        _begin_afresh_if_vanished(projection)
    for attempt in range(LAST_ATTEMPTS):
        time.sleep(poll_s * attempt)
        try:
            reports.refused("")
            summary = projection.update(live=False, progress=lambda done, total: reports.waiting(total - done))
            log.info("%s", summary.counts)
            return 0
        except refusals() as error:
            _log_refusal(projection, error)
            reports.waiting(projection.waiting)
            reports.refused(projection.explain(error))
        _begin_afresh_if_vanished(projection)
    return 1


def _live_pass(projection: Projection) -> bool:
    """Make one pass, which ends early when the launch ends; return False if MLflow refused, so that it is tried again."""
    try:
        projection.reach()  # This takes seconds, which the end of the launch must not wait for.
        _settle_imports()
        summary = projection.update(live=True, enough=lambda: _input_ended(0.0))
    except refusals() as error:
        _log_refusal(projection, error)
        return False
    if summary.created or summary.extended or summary.replaced:
        log.info("%s", summary.counts)
    return True


@functools.cache
def _settle_imports() -> None:
    """Collect garbage again, but not among what was imported."""
    gc.freeze()
    gc.enable()


def _log_refusal(projection: Projection, error: Exception) -> None:
    log.warning("MLflow is behind, training goes on: %s", projection.explain(error))


def _begin_afresh_if_vanished(projection: Projection) -> None:
    if projection.database_vanished:
        log.warning("the database is gone: starting again")
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 (MLflow keeps deleted files open as long as the process lives)


def _input_ended(wait_s: float) -> bool:
    """Wait up to `wait_s` seconds for the end of standard input. Nothing is ever written to it."""
    readable, _, _ = select.select([sys.stdin], [], [], wait_s)
    return bool(readable)


if __name__ == "__main__":
    sys.exit(main())
