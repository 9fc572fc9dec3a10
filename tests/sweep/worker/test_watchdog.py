"""Workers that hang for real, each in a process of its own that the watchdog ends."""

from __future__ import annotations

import faulthandler
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.failure_file import read_failures
from recipe_sweep.sweep.files.hang import hang_in
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack, write_launch
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.travel.shared_folder import SharedFolder
from recipe_sweep.sweep.worker.pack_worker import work
from tests.checkout import ROOT
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.stand_in import Behaviour, behave

WORK = """
import sys
from pathlib import Path
from recipe_sweep.sweep.files.launch_file import read_launch
from recipe_sweep.sweep.travel.shared_folder import SharedFolder
from recipe_sweep.sweep.worker.pack_worker import work
print(work(SharedFolder(read_launch(Path(sys.argv[1])).settings), sys.argv[2]))
"""
WATCHED = """
import re, sys, threading, time
from recipe_sweep.sweep.worker.watchdog import watched

def training():
    {body}

with open(sys.argv[1], "a", buffering=1) as log, watched(1.5 / 60, log) as alive:
    training()
print("it ended by itself")
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)


@pytest.mark.parametrize(
    "body",
    ["threading.Event().wait()", "re.match(r'(a+)+$', 40 * 'a' + 'b')"],
    ids=["waiting", "native code that keeps the interpreter"],
)
def test_a_process_that_hangs_is_ended_and_says_where_it_hung(tmp_path: Path, body: str) -> None:
    log = tmp_path / "log"
    assert python(WATCHED.format(body=body), str(log)).returncode == 1
    hang = hang_in(log)
    assert hang is not None
    assert hang.silent == "0:00:01.500000"
    assert "training" in [frame.name for frame in hang.frames]


def test_a_process_that_reports_lives_longer_than_the_watchdog_waits(tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = "[(time.sleep(0.1), alive()) for _ in range(30)]"
    assert "it ended by itself" in python(WATCHED.format(body=body), str(log)).stdout
    assert hang_in(log) is None
    assert hang_in(tmp_path / "no log") is None


def test_every_report_of_the_trainer_winds_the_watchdog_up_and_the_end_stops_it(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a pack would be killed for training longer than it may be silent, or the next pack of its process for nothing."""
    calls: list[float] = []
    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda seconds, **_: calls.append(seconds))
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", lambda: calls.append(-1.0))
    pack = Pack(make_points())
    with Lease.acquire(paths.lease) as lease:
        resources = make_resources(stuck_after_minutes=10.0)
        record_start(paths, PackRecord(pack, lease.epoch, 1, 1, "cpu", "hash", datetime.now(UTC)))
        settings = LaunchSettings(paths.root, lease.epoch, data_root, Keep.NONE, stand_in.NAME, resources)
        assert work(SharedFolder(settings), pack.pack_id) is AttemptEnd.PUBLISHED
    reports = 1 + pack.points[0].steps // pack.points[0].eval_every
    assert calls == [600.0] * (1 + reports) + [-1.0]


def test_a_pack_that_hangs_is_killed_recorded_with_its_trace_and_tried_again(paths: SweepPaths, data_root: Path) -> None:
    pack = Pack(make_points())
    behave(data_root, Behaviour(hanging=(pack.run_ids[0],)))
    with Lease.acquire(paths.lease) as lease:
        resources = make_resources(stuck_after_minutes=0.4)
        settings = LaunchSettings(paths.root, lease.epoch, data_root, Keep.NONE, stand_in.NAME, resources)
        record_start(paths, PackRecord(pack, lease.epoch, 1, 1, "cpu", "hash", datetime.now(UTC)))
        file = write_launch(LaunchFile(settings, (PlannedPack(pack, "hash"),)))

        assert python(WORK, str(file), pack.pack_id).returncode == 1, "the watchdog did not end it"
        assert [attempt.end for attempt in read_attempts(paths, pack.pack_id)] == [AttemptEnd.OPEN]
        assert work(SharedFolder(settings), pack.pack_id) is AttemptEnd.FAILED, "so that the queue learns of it"
        [failure] = read_failures(paths)
        assert failure.cause.error == "StuckError"
        assert "0:00:24" in failure.cause.message
        assert failure.cause.frame.startswith("tests/sweep/stand_in.py:")
        assert failure.cause.frame.endswith("in _hang")
        assert "Timeout" in failure.traceback
        assert work(SharedFolder(settings), pack.pack_id) is AttemptEnd.PUBLISHED
    assert [attempt.end for attempt in read_attempts(paths, pack.pack_id)] == [AttemptEnd.FAILED, AttemptEnd.PUBLISHED]
