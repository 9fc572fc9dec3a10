"""`rm` says what goes before it goes. What `archive` packs can be unpacked and opened elsewhere."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SWEEP = "sweeps/little"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def test_nothing_goes_unless_the_user_is_sure(here: Path) -> None:
    call(*LAUNCH)
    told = call("rm", SWEEP, expect=ExitCode.BAD_INPUT)
    for words in ("4 done runs", "CPU-s of training", "--yes", "recipe-sweep archive sweeps/little"):
        assert words in told
    assert "4 of 4 done" in call("status", SWEEP)
    assert "removed sweeps/little: 4 done runs" in call("rm", "little.yaml", "--yes")
    assert list((here / "sweeps").iterdir()) == []


@pytest.mark.parametrize("words", [("rm", SWEEP, "--yes"), ("archive", SWEEP)])
def test_a_sweep_that_is_being_trained_is_left_alone(here: Path, words: tuple[str, ...]) -> None:
    call(*LAUNCH)
    with Lease.acquire(SweepPaths(here / SWEEP).lease):
        assert "a launch at work" in call(*words, expect=ExitCode.BAD_INPUT)
    assert (here / SWEEP / "sweep.json").exists()
    assert not list(here.glob("*.tar*"))


def test_what_is_no_sweep_is_never_removed(here: Path) -> None:
    (here / "sweeps" / "notes").mkdir(parents=True)
    (here / "sweeps" / "notes" / "diary").write_text("dear diary")
    call(*LAUNCH)
    (here / "link").symlink_to(SWEEP)
    for name in ("sweeps/notes", ".", "nowhere.yaml", "s3://bucket/name", "link", "demo"):
        call("rm", name, "--yes", expect=ExitCode.BAD_INPUT)
    assert (here / "sweeps" / "notes" / "diary").exists()
    assert (here / SWEEP / "sweep.json").exists()


def test_a_damaged_sweep_can_be_removed(here: Path) -> None:
    call(*LAUNCH)
    (here / SWEEP / "sweep.json").write_text("{")
    call("rm", SWEEP, "--yes")
    assert not (here / SWEEP).exists()


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.zst"])
def test_an_archive_opens_elsewhere_as_the_sweep_that_it_was(here: Path, suffix: str, tmp_path: Path) -> None:
    call(*LAUNCH)
    runs = call("runs", SWEEP, "--json")
    target = here / f"kept{suffix}"
    assert "read again and compared" in call("archive", SWEEP, "-o", str(target))
    call("rm", SWEEP, "--yes")
    if suffix == ".tar.gz":
        with tarfile.open(target) as file:
            file.extractall(here / "sweeps", filter="data")
    else:
        import pyarrow as pa

        with pa.input_stream(target, compression="zstd") as stream, tarfile.open(fileobj=stream, mode="r|") as file:  # type: ignore[call-overload]
            file.extractall(here / "sweeps", filter="data")
    assert call("runs", SWEEP, "--json") == runs
    assert "no problem found" in call("doctor", SWEEP)
    assert "4 of 4 done, nothing to do" in call(*LAUNCH)


def test_an_archive_replaces_nothing_and_has_a_known_format(here: Path) -> None:
    call(*LAUNCH)
    (here / "little.tar.gz").write_text("mine")
    assert "there already" in call("archive", SWEEP, expect=ExitCode.BAD_INPUT)
    assert (here / "little.tar.gz").read_text() == "mine"
    assert ".tar.zst" in call("archive", SWEEP, "-o", "little.zip", expect=ExitCode.BAD_INPUT)


def test_an_archive_is_packed_into_the_sweep_that_rm_removes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(*LAUNCH)
    monkeypatch.chdir(here / SWEEP)
    assert "a place inside the sweep" in call("archive", ".", expect=ExitCode.BAD_INPUT)
    assert not list((here / SWEEP).glob("*.tar*"))


def test_a_sweep_in_which_the_user_stands_cannot_be_removed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(*LAUNCH)
    monkeypatch.chdir(here / SWEEP)
    call("rm", ".", "--yes")
    assert list((here / "sweeps").iterdir()) == []


def test_two_names_of_one_file_and_what_a_killed_write_left_spoil_an_archive(here: Path) -> None:
    call(*LAUNCH)
    [first, *_] = (here / SWEEP / "results").iterdir()
    (here / SWEEP / "results" / f".{first.name}.1-0.tmp").hardlink_to(first)
    (here / SWEEP / "logs" / "twice").hardlink_to(first)
    call("archive", SWEEP)
    with tarfile.open(here / "little.tar.gz") as file:
        sizes = {entry.name: entry.size for entry in file}
    assert sizes["little/logs/twice"] == first.stat().st_size
    assert not [name for name in sizes if name.endswith(".tmp")]


def test_bytes_on_another_disk_are_said_to_be_gone(here: Path) -> None:
    call(*LAUNCH)
    (here / SWEEP / "logs").rename(here / "disk")
    (here / SWEEP / "logs").symlink_to(here / "disk")
    assert f"{here / 'disk'} stays, because logs/ was only a link to it" in call("rm", SWEEP, "--yes")
    assert (here / "disk").is_dir()


def test_a_sweep_that_is_being_removed_is_listed(here: Path) -> None:
    call(*LAUNCH)
    (here / SWEEP).rename(here / "sweeps" / ".little.removed-1")
    assert "removed" not in call("ls")
