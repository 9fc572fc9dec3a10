"""Disks that are full, read-only or torn, for real: in the way of a launch that is a process of its own, without Ray."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.files.failure_file import failed_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.monitoring.doctor import Severity, examine
from recipe_sweep.sweep.results.done import read_done
from tests.sweep import stand_in
from tests.sweep.processes import LaunchProcess, wait_until
from tests.sweep.stand_in import Behaviour, behave

GRID: dict[str, object] = {"seeds": 3}
INLINE: dict[str, object] = {"inline": True, "slots": 1, "max_lanes": 2}


@contextmanager
def mounted(path: Path, megabytes: int) -> Iterator[None]:
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    with mounted(tmp_path / "disk", megabytes=4):
        yield tmp_path / "disk"


def fill(disk: Path) -> Path:
    """Take all the room there is; returns the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        free = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
    return ballast


def test_a_disk_that_fills_up_under_a_launch_is_waited_for_and_no_run_is_lost(disk: Path, data_root: Path) -> None:
    behave(data_root, Behaviour(step_s=0.02))
    paths = SweepPaths(disk / "sweep")
    with LaunchProcess(paths.root, data_root, GRID, **INLINE) as process:
        wait_until(lambda: list(paths.results.glob("*.parquet")))
        ballast = fill(disk)
        wait_until(lambda: "no pack is started for" in (data_root / "driver.log").read_text())
        ballast.unlink()
        assert process.wait() == 0
    done = read_done(paths)
    assert len(done.file_of) == 6
    assert not done.duplicates
    assert failed_attempts(paths) == {}
    assert not [finding for finding in examine(paths) if finding.severity is Severity.PROBLEM]


def test_a_launch_on_a_full_disk_ends_with_one_clear_sentence_and_then_goes_on(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["rehearse", "starter", "--dir", str(disk / "sweep"), "--no-mlflow", "--cluster", str(disk / "inline.yaml")]
    (disk / "inline.yaml").write_text("backend: inline\n")
    ballast = fill(disk)
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1
    assert "No space left on device" in refused.output
    assert "the same command continues" in refused.output
    assert "Traceback" not in refused.output
    ballast.unlink()
    assert CliRunner().invoke(app, command).exit_code == 0


def test_a_sweep_on_a_read_only_disk_is_shown_and_not_launched(disk: Path) -> None:
    (disk / "inline.yaml").write_text("backend: inline\n")
    command = ["rehearse", "starter", "--dir", str(disk / "sweep"), "--no-mlflow", "--cluster", str(disk / "inline.yaml")]
    assert CliRunner().invoke(app, command).exit_code == 0
    before = sorted(disk.rglob("*"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert "8 of 8" in CliRunner().invoke(app, ["status", str(disk / "sweep")]).output
    assert CliRunner().invoke(app, ["doctor", str(disk / "sweep")]).exit_code == 0
    more = CliRunner().invoke(app, [*command, "--set", "axes.seed=[0, 1, 2]"])
    assert more.exit_code == 1
    assert "Read-only file system" in more.output
    assert "Traceback" not in more.output
    assert sorted(disk.rglob("*")) == before


def test_a_torn_results_file_keeps_its_runs_waiting_and_moved_away_these_alone_are_trained_again(
    paths: SweepPaths, data_root: Path
) -> None:
    with LaunchProcess(paths.root, data_root, GRID, **INLINE) as process:
        assert process.wait() == 0
    victim = sorted(paths.results.glob("*.parquet"))[1]
    others = {path: path.read_bytes() for path in paths.results.glob("*.parquet") if path != victim}
    os.truncate(victim, victim.stat().st_size // 2)
    before = len(stand_in.trainings(data_root))
    with LaunchProcess(paths.root, data_root, GRID, **INLINE) as process:
        assert process.wait() == 0
    assert len(stand_in.trainings(data_root)) == before, "nobody knows yet what the file holds"
    assert len(read_done(paths).file_of) == 4
    [said] = [finding.text for finding in examine(paths) if finding.severity is Severity.PROBLEM]
    assert f"{victim}" in said
    assert "its runs wait" in said

    victim.rename(data_root / victim.name)
    with LaunchProcess(paths.root, data_root, GRID, **INLINE) as process:
        assert process.wait() == 0
    assert len(stand_in.trainings(data_root)) == before + 2
    assert len(read_done(paths).file_of) == 6
    assert all(path.read_bytes() == content for path, content in others.items())
