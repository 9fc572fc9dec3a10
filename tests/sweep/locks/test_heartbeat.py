"""Launches on other machines, known by their heartbeats alone, while clocks are set by hours and disks go away."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import LeaseHeldError
from recipe_sweep.sweep.locks import heartbeat, lease
from recipe_sweep.sweep.locks.heartbeat import Heart, seems_fresh
from recipe_sweep.sweep.locks.lease import Lease, current_holder, holds, is_held
from tests.sweep.processes import wait_until

HOURS = 3 * 3600.0
EPOCH = 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sweep" / "lease"


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LISTEN_S", 0.4)


@contextmanager
def elsewhere(folder: Path) -> Iterator[Path]:
    """A launch on another machine that holds the lease; yields its heartbeat, which nothing touches."""
    mine = Lease.acquire(folder)
    assert mine._heart is not None
    mine._heart.stop()
    file = folder / f"{EPOCH:06d}.json"
    content = json.loads(file.read_text())
    content["process"] |= {"machine": "elsewhere", "host": "elsewhere"}
    file.write_text(json.dumps(content))
    yield folder / f"{EPOCH:06d}.heartbeat"


def set_clock(file: Path, offset_s: float) -> None:
    """Leave the file as if it had been touched now, on a clock that is so far off."""
    now = time.time() + offset_s
    os.utime(file, (now, now))


@contextmanager
def beating(file: Path, offset_s: float) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.05):
            set_clock(file, offset_s)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_launch_on_another_machine_is_shown_as_alive_as_long_as_its_heart_beats(folder: Path) -> None:
    with elsewhere(folder) as file:
        record = current_holder(folder)
        assert record is not None
        assert is_held(folder, record)
        with pytest.raises(LeaseHeldError, match="elsewhere"):
            Lease.acquire(folder)
        set_clock(file, -heartbeat.STALE_S - 1)
        assert not is_held(folder, record)


@pytest.mark.parametrize("offset_s", [-HOURS, HOURS])
def test_a_live_launch_keeps_its_lease_though_a_clock_was_set_by_hours(
    folder: Path, offset_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "STALE_S", 0.3)
    monkeypatch.setattr(lease, "LISTEN_S", 30.0)
    with elsewhere(folder) as file:
        set_clock(file, offset_s)
        assert holds(folder, EPOCH), "a worker that begins now has not listened yet"
        with beating(file, offset_s):
            with pytest.raises(LeaseHeldError, match="elsewhere"):
                Lease.acquire(folder)
            time.sleep(0.4)
            assert holds(folder, EPOCH)
    assert not (folder / "000002.json").exists()


@pytest.mark.parametrize("offset_s", [-HOURS, HOURS])
def test_a_dead_launch_loses_its_lease_though_a_clock_was_set_by_hours(
    folder: Path, offset_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "STALE_S", 0.3)
    said: list[str] = []
    with elsewhere(folder) as file:
        set_clock(file, offset_s)
        assert holds(folder, EPOCH)
        with Lease.acquire(folder, said.append) as next_one:
            assert next_one.epoch == EPOCH + 1
    (folder / "000002.json").unlink()  # Nobody took over: its workers notice by themselves.
    assert not holds(folder, EPOCH)
    assert said == ["a launch on elsewhere seems to be dead: waiting 0 s for a sign of life"]


def test_a_lease_that_came_from_a_store_without_a_heartbeat_is_not_listened_for(folder: Path) -> None:
    said: list[str] = []
    with elsewhere(folder) as file:
        file.unlink()
        with Lease.acquire(folder, said.append) as next_one:
            assert next_one.epoch == EPOCH + 1
    assert not said


def test_a_heart_goes_on_beating_when_its_disk_is_back_and_says_once_that_it_was_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.02)
    folder.mkdir(parents=True)
    file, said = folder / "000001.heartbeat", list[str]()
    heart = Heart(lambda: file, said.append)
    wait_until(file.exists)
    away = folder.rename(folder.with_name("away"))
    wait_until(lambda: said)
    time.sleep(0.2)
    [complaint] = said
    assert "No such file" in complaint
    assert "keeps trying" in complaint
    set_clock(away / file.name, -HOURS)
    away.rename(folder)
    wait_until(lambda: seems_fresh(file))
    wait_until(lambda: len(said) == 2)
    heart.stop()
    assert said[1] == "this launch writes its heartbeat again"


def test_a_heart_whose_screen_is_full_beats_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.02)
    asked = threading.Event()

    def refuse(text: str) -> None:
        asked.set()
        raise BrokenPipeError

    heart = Heart(lambda: folder / "000001.heartbeat", refuse)
    assert asked.wait(10)
    folder.mkdir(parents=True)
    wait_until((folder / "000001.heartbeat").exists)
    heart.stop()
