"""Sweeps that lie elsewhere than the user stands, and sweeps of others that may only be read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_sweep.analysis.report import report
from recipe_sweep.analysis.results import frame
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a sweep that is done."""
    with pytest.MonkeyPatch.context() as patch:
        project = stand_in_sweep(tmp_path_factory.mktemp("project"), patch)
        call(*LAUNCH)
        yield project


@pytest.fixture
def elsewhere(launched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder, in which the user stands."""
    monkeypatch.chdir(tmp_path)
    return launched


@pytest.mark.parametrize("command", [("status",), ("plan",), ("status", "--json"), ("recommend",), ("logs",)])
def test_a_command_on_a_grid_from_another_folder_says_where_its_sweep_lies(elsewhere: Path, command: tuple[str, ...]) -> None:
    told = call(command[0], str(elsewhere / "little.yaml"), *command[1:])
    assert f"one of this grid lies in {elsewhere / 'sweeps' / 'little'}" in told


@pytest.mark.parametrize("command", ["launch", "retry"])
def test_a_launch_from_another_folder_does_not_begin_a_second_sweep_unasked(elsewhere: Path, command: str) -> None:
    cluster = ("--cluster", str(elsewhere / "inline.yaml"), "--no-mlflow")
    grid = str(elsewhere / "little.yaml")
    told = call(command, grid, *cluster, expect=ExitCode.BAD_INPUT)
    assert f"--dir {elsewhere / 'sweeps' / 'little'}" in told
    assert ("--dir sweeps/little" in told) is (command == "launch")  # There is nothing to try again here.
    assert not Path("sweeps").exists()
    assert "nothing to do" in call("launch", grid, *cluster, "--dir", str(elsewhere / "sweeps" / "little"))


def test_where_the_user_stands_by_the_sweep_nothing_is_said(launched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(launched)
    assert "lies in" not in call("status", "little.yaml")
    assert "lies in" not in call("status", str(launched / "little.yaml"), "--dir", "another")


def test_grids_in_a_folder_of_their_own_find_the_sweep_above_them(elsewhere: Path, tmp_path: Path) -> None:
    shutil.copytree(elsewhere / "sweeps", tmp_path / "work" / "sweeps")
    (tmp_path / "work" / "grids").mkdir()
    shutil.copy(elsewhere / "little.yaml", tmp_path / "work" / "grids")
    assert "lies in work/sweeps/little" in call("status", "work/grids/little.yaml")


def test_a_grid_whose_sweep_lies_nowhere_gets_no_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launched: Path) -> None:
    (tmp_path / "project").mkdir()
    shutil.copy(launched / "little.yaml", tmp_path / "project")
    (tmp_path / "project" / "sweeps" / "little").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert "lies in" not in call("status", "project/little.yaml")


def test_a_launch_of_a_plain_grid_is_not_stopped_by_sweeps_of_other_names(elsewhere: Path, tmp_path: Path) -> None:
    text = (elsewhere / "little.yaml").read_text().replace("name: little", "name: other")
    (elsewhere / "other.yaml").write_text(text)
    assert "lies in" not in call("plan", str(elsewhere / "other.yaml"))


def refused(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Nothing can be written in a sweep; as root, permissions stop nobody."""
    make, access = os.mkdir, os.access

    def mkdir(path: str, *rest: object, **more: object) -> None:
        if Path(path).is_relative_to(root):
            raise PermissionError(13, "Permission denied", str(path))
        make(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "mkdir", mkdir)
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(root) and access(path, mode))


def test_a_report_into_a_sweep_that_may_only_be_read_names_the_way_out_before_it_computes(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = elsewhere / "sweeps" / "little"
    refused(monkeypatch, root)
    told = call("report", str(root), expect=ExitCode.BAD_INPUT)
    assert "may only be read" in told
    assert "-o DIR" in told


def test_a_report_of_a_sweep_that_may_only_be_read_is_written_elsewhere(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "theirs"
    shutil.copytree(elsewhere / "sweeps" / "little", root)
    shutil.rmtree(root / "index")
    refused(monkeypatch, root)
    told = call("report", str(root), "--figure", "7", "-o", "mine")
    assert Path("mine/figure7.png").is_file()
    assert "mine/index/runs.parquet" in told
    assert not (root / "index").exists()
    for words in (("status",), ("doctor",), ("recommend",), ("logs",), ("export", "-o", "r.csv")):
        call(words[0], str(root), *words[1:])


def test_a_full_disk_under_the_index_is_not_taken_for_a_sweep_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(sweep_dir: Path, results: object) -> None:
        raise OSError(28, "No space left on device", str(sweep_dir))

    monkeypatch.setattr(frame, "compact", full)
    with pytest.raises(OSError, match="No space left"):
        report._compacted(tmp_path, tmp_path / "mine", None)  # type: ignore[arg-type]
