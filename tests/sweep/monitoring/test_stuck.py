"""Packs that seem to be at work and are not: what `status` and `doctor` say of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, begin_attempt, end_attempt
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.files.progress_file import PackProgressFile, RunProgress, write_progress
from recipe_sweep.sweep.files.sweep_file import SweepFile, write_sweep_file
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.monitoring.doctor import Severity, examine
from recipe_sweep.sweep.monitoring.status import SweepStatus, SweepWatcher
from tests.sweep.conftest import make_points

PACK = Pack(make_points())


@pytest.fixture
def lease(paths: SweepPaths) -> Iterator[Lease]:
    with Lease.acquire(paths.lease) as lease:
        write_sweep_file(paths, SweepFile("little", {}, Keep.NONE, "/nowhere", datetime.now(UTC).isoformat()))
        yield lease


def report(paths: SweepPaths, step: int, seconds: float) -> Path:
    """Progress of the pack: so many steps in so many seconds, until now."""
    now = datetime.now(UTC)
    started = datetime.fromtimestamp(now.timestamp() - seconds, UTC)
    runs = tuple(RunProgress(point.run_id, point.config_id, "", ()) for point in PACK.points)
    return write_progress(paths.progress, PackProgressFile(PACK.pack_id, runs, step, 40, 0.0, 1.0, started, now, epoch=1))


def age(minutes: float, *files: Path) -> None:
    then = time.time() - 60 * minutes
    for file in files:
        os.utime(file, (then, then))


def look(paths: SweepPaths) -> SweepStatus:
    return SweepWatcher(PACK.points, paths).look()


def at_work(paths: SweepPaths, lease: Lease, process: ProcessIdentity | None = None) -> tuple[Attempt, Path]:
    attempt = begin_attempt(paths, PACK.pack_id, lease.epoch, 0)
    file = paths.pack_attempt(PACK.pack_id, attempt.number)
    replace_json(file, asdict(replace(attempt, process=process or attempt.process)))
    return attempt, file


def test_a_pack_whose_progress_is_older_than_its_steps_explain_is_stuck(paths: SweepPaths, lease: Lease) -> None:
    _, attempt = at_work(paths, lease)
    progress = report(paths, step=20, seconds=10.0)
    age(9, attempt)
    assert not look(paths).stuck, "it has just reported"
    age(9, progress)
    [stuck] = look(paths).stuck
    assert (stuck.pack_id, stuck.step, stuck.gone) == (PACK.pack_id, 20, False)
    assert "no progress for 9 min, at step 20" in stuck.text
    assert f"kill -9 {os.getpid()}" in stuck.remedy
    assert "1 pack is stuck" in status_line(look(paths))
    [finding] = [finding for finding in examine(paths) if finding.severity is Severity.PROBLEM]
    assert finding.text == stuck.text


def test_a_pack_of_slow_steps_is_not_stuck_for_being_slow(paths: SweepPaths, lease: Lease) -> None:
    _, attempt = at_work(paths, lease)
    progress = report(paths, step=2, seconds=120.0)
    age(9, attempt, progress)
    assert not look(paths).stuck
    age(25, attempt, progress)
    assert look(paths).stuck


def test_a_pack_that_opens_its_data_has_time_before_it_is_stuck(paths: SweepPaths, lease: Lease) -> None:
    _, attempt = at_work(paths, lease)
    age(9, attempt)
    assert not look(paths).stuck
    age(11, attempt)
    [stuck] = look(paths).stuck
    assert "before its first step" in stuck.text


def test_a_pack_whose_process_is_gone_is_stuck_sooner(paths: SweepPaths, lease: Lease) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = ProcessIdentity.of(child.pid)
    child.communicate(b"\n")
    _, attempt = at_work(paths, lease, process)
    progress = report(paths, step=20, seconds=10.0)
    age(0.5, attempt, progress)
    assert not look(paths).stuck, "another may be taking over"
    age(1.5, attempt, progress)
    [stuck] = look(paths).stuck
    assert stuck.gone
    assert "which is gone" in stuck.text
    assert "logs --engine" in stuck.remedy


def test_a_pack_is_at_work_for_its_launch_whatever_the_clock_says(paths: SweepPaths, lease: Lease) -> None:
    at_work(paths, lease)
    file = report(paths, step=20, seconds=10.0)
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | dict.fromkeys(("started_at", "updated_at"), "2000-01-01T00:00:00+00:00")))
    assert [pack.step for pack in look(paths).packs] == [20]
    file.write_text(json.dumps(content | {"epoch": lease.epoch - 1}))
    assert not look(paths).packs, "a worker that an earlier launch left behind"


def test_what_ended_or_belongs_to_no_live_launch_is_not_stuck(paths: SweepPaths, lease: Lease) -> None:
    attempt, file = at_work(paths, lease)
    age(60, file, report(paths, step=20, seconds=10.0))
    assert look(paths).stuck
    end_attempt(paths, attempt, AttemptEnd.FAILED)
    age(60, file)
    assert not look(paths).stuck
    at_work(paths, lease)
    age(60, paths.pack_attempt(PACK.pack_id, 2))
    assert look(paths).stuck
    lease.release()
    assert not look(paths).stuck
