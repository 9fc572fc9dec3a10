"""Two launches of one sweep, and a worker of the one that comes too late: processes of their own, without Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack, write_launch
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.launch.launch import LaunchEnd, launch
from recipe_sweep.sweep.locks import claim
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.monitoring import stuck
from recipe_sweep.sweep.monitoring.doctor import Severity, examine
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.monitoring.stuck import StuckPack
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.trainers.outcome import PackOutcome
from tests.faults import sleeper
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.driver import Quiet, request_of
from tests.sweep.processes import ROOT, LaunchProcess, wait_until
from tests.sweep.stand_in import Behaviour, behave

INLINE: dict[str, object] = {"inline": True, "slots": 1, "max_lanes": 2}
WORK = """
import sys
from pathlib import Path
from recipe_sweep.sweep.launch.launch import LaunchEnd, launch
from recipe_sweep.sweep.files.launch_file import read_launch
from recipe_sweep.sweep.travel.shared_folder import SharedFolder
from recipe_sweep.sweep.worker.pack_worker import work
print(work(SharedFolder(read_launch(Path(sys.argv[1])).settings), sys.argv[2]))
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
        wait_until(lambda: one.ended or two.ended)
        behave(data_root, Behaviour())  # No need any more to take long.
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


@contextmanager
def leftover(paths: SweepPaths, data_root: Path, pack: Pack) -> Iterator[subprocess.Popen[str]]:
    """A worker of a launch that is over, stopped when it had trained the pack and not published it yet."""
    with Lease.acquire(paths.lease) as lease:
        settings = LaunchSettings(paths.root, lease.epoch, data_root, Keep.ACTOR, sleeper.NAME, make_resources())
        hashed = stand_in.data_hash(pack.points[0])
        record_start(paths, PackRecord(pack, lease.epoch, 1, 1, "cpu", hashed, datetime.now(UTC)))
        file = write_launch(LaunchFile(settings, (PlannedPack(pack, hashed),)))
        (data_root / sleeper.ORDER).touch()
        command = [sys.executable, "-c", WORK, str(file), pack.pack_id]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        wait_until(lambda: state(worker.pid) == "T")
    with worker:
        try:
            yield worker
        finally:
            worker.kill()


def ends(paths: SweepPaths, pack: Pack) -> list[AttemptEnd]:
    return [attempt.end for attempt in read_attempts(paths, pack.pack_id)]


def here(paths: SweepPaths, data_root: Path, grid: dict[str, object]) -> LaunchEnd:
    return launch(request_of(paths.root, data_root, grid, **INLINE), Quiet())


def test_a_leftover_worker_that_wakes_after_the_grid_was_edited_and_launched_again_cannot_publish(
    paths: SweepPaths, data_root: Path
) -> None:
    """Its runs are resumed by the new launch, from the checkpoint that it left; nothing is there twice."""
    pack = Pack(make_points(seeds=1))
    edited: dict[str, object] = {"seeds": 2, "alphas": [0.1, 1.0, 10.0]}
    with (
        leftover(paths, data_root, pack) as worker,
        LaunchProcess(paths.root, data_root, edited, workload=sleeper.NAME, **INLINE) as process,
    ):
        wait_until(lambda: paths.launch_file(2).exists())
        worker.send_signal(signal.SIGCONT)
        said, _ = worker.communicate(timeout=60)
        assert process.wait() == 0
    assert said.strip() == AttemptEnd.DROPPED
    assert ends(paths, pack) == [AttemptEnd.DROPPED, AttemptEnd.PUBLISHED]
    assert_sound(paths, 6)


@pytest.mark.parametrize("woken", ["before its runs are there", "after"])
def test_a_leftover_worker_whose_pack_the_edited_grid_has_cut_up_cannot_publish(
    paths: SweepPaths, data_root: Path, woken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new launch needs another pack than it holds, and so does not wait for it."""
    pack = Pack(make_points(seeds=1))
    said = ""
    with leftover(paths, data_root, pack) as worker:

        def wake() -> None:
            nonlocal said
            worker.send_signal(signal.SIGCONT)
            said, _ = worker.communicate(timeout=60)

        train = stand_in.train_pack

        def train_while_it_wakes(*arguments: Any, **rest: Any) -> PackOutcome:
            outcome = train(*arguments, **rest)
            wake()
            return outcome

        if woken != "after":
            monkeypatch.setattr(stand_in, "train_pack", train_while_it_wakes)
        assert here(paths, data_root, {"seeds": 1, "alphas": [1.0]}).trained == 1
        if woken == "after":
            wake()
    assert said.strip() == AttemptEnd.DROPPED
    assert_sound(paths, 1)
    monkeypatch.undo()
    here(paths, data_root, {"seeds": 1})
    assert_sound(paths, 2)


def test_a_leftover_worker_that_never_wakes_keeps_no_launch_from_its_pack(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "PATIENCE_S", 0.2)
    pack = Pack(make_points(seeds=1))
    with leftover(paths, data_root, pack) as worker:
        assert here(paths, data_root, {"seeds": 1}).trained == 2
        assert worker.wait() == -signal.SIGKILL
    assert ends(paths, pack) == [AttemptEnd.OPEN, AttemptEnd.PUBLISHED]
    assert f"killed process {worker.pid} of launch 1, which was stopped" in paths.pack_log(pack.pack_id, 2).read_text()
    assert_sound(paths, 2)


def test_a_leftover_worker_that_cannot_be_killed_from_here_is_shown_with_what_to_do(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine: the new launch trains what else there is, and goes on with the pack once it is free."""
    pack = Pack(make_points(seeds=1))
    monkeypatch.setattr(ProcessIdentity, "kill", lambda _: False)
    monkeypatch.setattr(claim, "PATIENCE_S", 0.0)
    monkeypatch.setattr(stuck, "GONE_AFTER_S", 0.2)
    watcher = SweepWatcher(pack.points, paths)
    seen: list[StuckPack] = []
    with leftover(paths, data_root, pack) as worker:

        def look() -> None:
            wait_until(lambda: seen.extend(watcher.look().stuck) or seen)
            worker.kill()

        thread = threading.Thread(target=look)
        thread.start()
        assert here(paths, data_root, {"seeds": 1}).trained == 2
        thread.join()
    assert (seen[0].pid, seen[0].left_by) == (worker.pid, 1)
    assert "left behind by launch 1" in seen[0].text
    assert f"kill -9 {worker.pid}" in seen[0].remedy
    assert_sound(paths, 2)
