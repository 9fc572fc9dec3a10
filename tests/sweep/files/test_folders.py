"""Folders that cannot be used are found before anything is trained, and never taken for results that are there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files import folders
from recipe_sweep.sweep.files.atomic import publish_json, publishing
from recipe_sweep.sweep.files.failure_file import may_pass
from recipe_sweep.sweep.files.folders import check_usable, check_writable
from recipe_sweep.sweep.files.paths import SweepPaths
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

FOLDERS = ["results", "weights", "packs", "attempts", "checkpoints", "progress", "failures", "logs", "lease", "launches"]


def test_a_link_to_a_disk_that_is_not_mounted_stops_a_launch_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH, "--only", "seed=0")
    trained = list((here / "data").glob("trained-*"))
    for folder in FOLDERS:
        place = here / "sweeps" / "little" / folder
        was_there = place.exists()
        if was_there:
            place.rename(here / "disk")
        place.symlink_to(here / "unmounted" / folder)
        told = call(*LAUNCH, expect=ExitCode.BAD_INPUT)
        assert "unmounted" in told, folder
        assert "mount the disk" in told, folder
        place.unlink()
        if was_there:
            (here / "disk").rename(place)
    assert list((here / "data").glob("trained-*")) == trained


def test_every_command_says_that_the_results_are_not_there_instead_of_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    (here / "sweeps" / "little" / "results").rename(here / "disk")
    (here / "sweeps" / "little" / "results").symlink_to(here / "unmounted" / "results")
    for command in ("status", "plan", "report", "doctor", "export", "recommend"):
        words = ["-o", "runs.csv"] if command == "export" else []
        expect = ExitCode.FAILURE if command == "doctor" else ExitCode.BAD_INPUT
        assert "unmounted" in call(command, "sweeps/little", *words, expect=expect), command


def test_a_reader_does_without_the_folders_that_it_does_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    (here / "sweeps" / "little" / "logs").rename(here / "disk")
    (here / "sweeps" / "little" / "logs").symlink_to(here / "unmounted" / "logs")
    assert "4 of 4 done" in call("status", "sweeps/little")
    call("report", "sweeps/little")


def test_a_file_in_the_place_of_a_folder_is_named(paths: SweepPaths) -> None:
    paths.root.mkdir()
    paths.results.write_text("")
    paths.weights.write_text("")
    with pytest.raises(SweepDirectoryError) as error:
        check_usable(folders.folders(paths))
    assert len(error.value.problems) == 2, "all that is wrong at once"


def test_a_folder_that_cannot_be_written_is_found_before_the_results_are_there(
    paths: SweepPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**how: object) -> tuple[int, str]:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(how["dir"]))

    monkeypatch.setattr(folders.tempfile, "mkstemp", refuse)
    with pytest.raises(SweepDirectoryError, match="Read-only file system"):
        check_writable(paths)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_waited_for_and_not_refused(number: int, paths: SweepPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> tuple[int, str]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folders.tempfile, "mkstemp", refuse)
    check_writable(paths)
    assert may_pass(OSError(number, ""))


@pytest.mark.parametrize("number", [errno.EFBIG, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.EPERM])
def test_what_the_system_refuses_for_good_is_not_waited_for(number: int) -> None:
    assert not may_pass(OSError(number, os.strerror(number)))


def test_usable_folders_are_left_as_they_are(paths: SweepPaths) -> None:
    check_writable(paths)
    check_writable(paths)
    assert not [path for path in paths.root.rglob("*") if path.is_file()]


def test_a_link_to_nowhere_is_not_taken_for_a_file_that_was_published(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to(tmp_path / "unmounted")
    with pytest.raises(NotADirectoryError), publishing(tmp_path / "results" / "pack.parquet"):
        pass
    with pytest.raises(NotADirectoryError):
        publish_json(tmp_path / "results" / "pack.json", {})
