"""What a launch says of MLflow at its end, whatever has become of the writer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.show.launch_end import mlflow_lines
from recipe_sweep.sweep.tracking.writer_process import LAST_PASS_S, MlflowWriter
from recipe_sweep.sweep.tracking.writer_report import Reports, WriterEnd, read_reports

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def test_a_launch_waits_ten_seconds_for_mlflow_and_no_longer() -> None:
    assert LAST_PASS_S == 10.0


def test_a_writer_that_hangs_is_ended_and_what_it_told_is_not_lost(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen([sys.executable, "-S", "-c", STUBBORN], stdin=subprocess.PIPE)
    Reports(writing).waiting(12)
    os.close(writing)
    began = time.monotonic()
    end = MlflowWriter(process, tmp_path / "mlflow.log", reading).stop(0.2)
    assert time.monotonic() - began < 60
    assert end == WriterEnd(up_to_date=False, waiting=12)
    assert process.returncode == -9


def test_the_last_count_and_reason_are_told_and_every_note(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    reports = Reports(writing)
    reports.note("one")
    reports.refused("away")
    reports.waiting(7)
    reports.waiting(0)
    reports.note("two")
    assert read_reports(reading, up_to_date=True) == WriterEnd(True, 0, "away", ("one", "two"))
    reports.note("nobody listens any more")  # A launch that was killed does not take its writer with it.
    os.close(writing)


def test_a_writer_never_waits_until_somebody_reads_what_it_tells() -> None:
    reading, writing = os.pipe()
    reports = Reports(writing)
    for _ in range(1000):
        reports.note("x" * 400)
    os.close(writing)
    assert len(read_reports(reading, up_to_date=True).notes) > 100


@pytest.mark.parametrize(
    ("end", "lines"),
    [
        (WriterEnd(True), []),
        (WriterEnd(True, notes=("mlflow.db is made anew",)), ["mlflow.db is made anew"]),
        (WriterEnd(False), ["does not show some runs yet;", "recipe-sweep mlflow 'my sweeps/demo'"]),
        (WriterEnd(False, 1), ["does not show 1 run yet;"]),
        (WriterEnd(False, 2048), ["does not show 2,048 runs yet;"]),
        (WriterEnd(False, 3, "no answer"), ["3 runs yet (no answer); no result is lost"]),
    ],
)
def test_a_launch_says_what_mlflow_lacks_and_the_command_that_brings_it(end: WriterEnd, lines: list[str]) -> None:
    told = list(mlflow_lines(end, Path("my sweeps/demo")))
    assert bool(told) == bool(lines)
    assert all(line in " ".join(told) for line in lines)
