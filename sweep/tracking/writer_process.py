"""The one process that keeps MLflow up to date during a launch; its argument is the sweep's directory.

A process of its own, so that a slow or dead tracking server never holds training up, and MLflow's memory is not the
driver's. It ends, after one last pass, when its standard input does: on `stop()`, and as well when the launch is killed.
"""

from __future__ import annotations

import argparse
import logging
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.tracking.client import refusals
from recipe_sweep.sweep.tracking.projection import Projection, projection_lock

POLL_S = 5.0
LONGEST_WAIT_S = 300.0
LAST_ATTEMPTS = 3

log = logging.getLogger("recipe_sweep.sweep.tracking.writer_process")


@dataclass(frozen=True)
class MlflowWriter:
    """A running writer, also as a context that stops it. Its log is `logs/mlflow.log` of the sweep."""

    process: subprocess.Popen[bytes]
    log_file: Path

    def stop(self, timeout_s: float = 300.0) -> bool:
        """Ask for the last pass and wait for it; whether MLflow is now up to date.

        On False the log says why, training is not concerned, and `project` makes up for it at any later time.
        """
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            return self.process.wait(timeout_s) == 0
        except subprocess.TimeoutExpired:
            return False  # it goes on and ends by itself

    def __enter__(self) -> MlflowWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_writer(
    sweep_dir: Path, per_run: bool = False, tracking_uri: str | None = None, poll_s: float = POLL_S
) -> MlflowWriter:
    """Start the writer of one sweep beside a launch; returns at once."""
    log_file = SweepPaths(sweep_dir).logs / "mlflow.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    # -P: whatever Python files lie in the user's directory, they are not for us.
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
    # The address may hold a password: the environment is read by its owner only, a command line by everybody.
    environment = os.environ | ({"MLFLOW_TRACKING_URI": tracking_uri} if tracking_uri else {})
    with log_file.open("ab") as log_stream:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command,
            stdin=subprocess.PIPE,
            stdout=log_stream,
            stderr=log_stream,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the launch, which then calls stop()
        )
    return MlflowWriter(process, log_file)


def main() -> int:
    """Poll until standard input ends; 0 if the last pass succeeded."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sweep_dir", type=Path)
    parser.add_argument("--poll-s", type=float, default=POLL_S)
    parser.add_argument("--per-run", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    os.nice(10)  # the processors are for training
    with projection_lock(options.sweep_dir, wait=True):
        projection = Projection(options.sweep_dir, per_run=options.per_run)
        failures = 0
        while not _input_ended(min(options.poll_s * 2**failures, LONGEST_WAIT_S)):
            failures = 0 if _attempt(projection, live=True) else failures + 1
            if projection.database_vanished:
                log.warning("the database was deleted: starting afresh")
                os.execv(sys.executable, sys.orig_argv)  # noqa: S606 (MLflow holds on to deleted files for a process's life)
        for attempt in range(LAST_ATTEMPTS):
            time.sleep(options.poll_s * attempt)
            if _attempt(projection, live=False):
                return 0
    return 1


def _attempt(projection: Projection, live: bool) -> bool:
    """One pass; False if MLflow or its database refused, which is logged and tried again later."""
    try:
        summary = projection.update(live=live)
    except refusals() as error:
        log.warning("MLflow is behind, training goes on: %s", projection.explain(error))
        return False
    if summary.created or summary.extended or summary.replaced or not live:
        log.info("%s", summary.counts)
    return True


def _input_ended(wait_s: float) -> bool:
    """Wait up to `wait_s` seconds for standard input to end; nothing is ever written to it."""
    readable, _, _ = select.select([sys.stdin], [], [], wait_s)
    return bool(readable)


if __name__ == "__main__":
    sys.exit(main())
