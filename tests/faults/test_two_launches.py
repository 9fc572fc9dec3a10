"""Two launches of one sweep, and a worker of the one that comes too late: processes of their own, without Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from search_spaces.vocabulary import Keep
from sweep.attempts import AttemptEnd, read_attempts
from sweep.doctor import Severity, examine
from sweep.launch_file import LaunchFile, LaunchSettings, PlannedPack, write_launch
from sweep.lease import Lease
from sweep.ledger import read_done
from sweep.packs import Pack
from sweep.paths import SweepPaths
from sweep.records import PackRecord, record_start
from tests.faults import sleeper
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.processes import ROOT, LaunchProcess, wait_until
from tests.sweep.stand_in import Behaviour, behave

INLINE: dict[str, object] = {"inline": True, "slots": 1, "max_lanes": 2}
WORK = """
import sys
from pathlib import Path
from sweep.launch_file import read_launch
from sweep.worker import work
print(work(read_launch(Path(sys.argv[1])).settings, sys.argv[2]))
"""


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def assert_sound(paths: SweepPaths, runs: int) -> None:
    done = read_done(paths)
    assert len(done.file_of) == runs
    assert not done.duplicates
    assert not [finding for finding in examine(paths) if finding.severity is Severity.PROBLEM]


def test_of_two_launches_at_one_moment_one_trains_and_the_other_says_who_does(paths: SweepPaths, data_root: Path) -> None:
    behave(data_root, Behaviour(step_s=0.1))
    with LaunchProcess(paths.root, data_root, {}, **INLINE) as one, LaunchProcess(paths.root, data_root, {}, **INLINE) as two:
        codes = {process.wait(): process.pid for process in (one, two)}
    assert codes.keys() == {0, 1}
    said = (data_root / "driver.log").read_text()
    assert "another launch at work on this sweep" in said
    assert f"pid {codes[0]}" in said
    assert set(Counter(stand_in.trainings(data_root)).values()) == {1}
    assert_sound(paths, 4)


def test_a_launch_that_is_stopped_and_not_dead_keeps_its_sweep(paths: SweepPaths, data_root: Path) -> None:
    (data_root / sleeper.ORDER).touch()
    with LaunchProcess(paths.root, data_root, {}, workload=sleeper.NAME, **INLINE) as first:
        wait_until(lambda: state(first.pid) == "T")
        with LaunchProcess(paths.root, data_root, {}, workload=sleeper.NAME, **INLINE) as second:
            assert second.wait() == 1
        assert f"pid {first.pid}" in (data_root / "driver.log").read_text()
        first.signal(signal.SIGCONT)
        assert first.wait() == 0
    assert set(Counter(stand_in.trainings(data_root)).values()) == {1}
    assert_sound(paths, 4)


def test_a_leftover_worker_that_wakes_after_the_grid_was_edited_and_launched_again_cannot_publish(
    paths: SweepPaths, data_root: Path
) -> None:
    """Its runs are resumed by the new launch, from the checkpoint that it left; nothing is there twice."""
    pack = Pack(make_points(seeds=1))
    with Lease.acquire(paths.lease) as lease:
        settings = LaunchSettings(paths.root, lease.epoch, data_root, Keep.ACTOR, sleeper.NAME, make_resources())
        hashed = stand_in.data_hash(pack.points[0])
        record_start(paths, PackRecord(pack, lease.epoch, 1, 1, "cpu", hashed, datetime.now(UTC)))
        file = write_launch(LaunchFile(settings, (PlannedPack(pack, hashed),)))
        (data_root / sleeper.ORDER).touch()
        command = [sys.executable, "-c", WORK, str(file), pack.pack_id]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            wait_until(lambda: state(worker.pid) == "T")
            lease.release()
            edited: dict[str, object] = {"seeds": 2, "alphas": [0.1, 1.0, 10.0]}
            with LaunchProcess(paths.root, data_root, edited, workload=sleeper.NAME, **INLINE) as launch:
                wait_until(lambda: paths.launch_file(lease.epoch + 1).exists())
                worker.send_signal(signal.SIGCONT)
                said, _ = worker.communicate(timeout=60)
                assert launch.wait() == 0
        finally:
            worker.kill()
    assert said.strip() == AttemptEnd.DROPPED
    ends = [attempt.end for attempt in read_attempts(paths, pack.pack_id)]
    assert ends == [AttemptEnd.DROPPED, AttemptEnd.PUBLISHED]
    assert_sound(paths, 6)
