from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import LeaseHeldError, LeaseLostError, SweepDirectoryError
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.locks import lease
from recipe_sweep.sweep.locks.lease import Lease, current_holder, holds, is_held, permission_to_publish
from tests.sweep.processes import ROOT, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sweep" / "lease"


def test_a_second_launch_is_refused_and_told_who_is_at_work(folder: Path) -> None:
    with Lease.acquire(folder), pytest.raises(LeaseHeldError) as refused:
        Lease.acquire(folder)
    text = str(refused.value)
    assert f"pid {os.getpid()}" in text
    assert "recipe-sweep status" in text
    assert "since" in text


def test_a_lease_given_back_can_be_taken_at_once(folder: Path) -> None:
    with Lease.acquire(folder) as first:
        pass
    with Lease.acquire(folder) as second:
        assert second.epoch == first.epoch + 1


def test_the_lease_of_a_killed_launch_is_taken_over_and_its_workers_cut_off(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    held = context.Event()

    def hold() -> None:
        Lease.acquire(folder)
        held.set()
        time.sleep(60)

    process = context.Process(target=hold)
    process.start()
    assert held.wait(10)
    dead = current_holder(folder)
    assert dead is not None
    assert holds(folder, dead.epoch)
    process.kill()
    process.join()
    assert not holds(folder, dead.epoch)
    with permission_to_publish(folder, dead.epoch):
        pass  # what its workers finished is still worth keeping, as long as nobody has taken over
    with Lease.acquire(folder) as lease:
        assert lease.epoch == dead.epoch + 1
        with pytest.raises(LeaseLostError), permission_to_publish(folder, dead.epoch):
            pytest.fail("a leftover worker may not publish")


def test_a_reused_pid_does_not_keep_a_dead_lease_alive(folder: Path) -> None:
    Lease.acquire(folder)
    file = folder / "000001.json"
    content = json.loads(file.read_text())
    content["process"]["started"] += 1  # the same pid, but another process
    file.write_text(json.dumps(content))
    record = current_holder(folder)
    assert record is not None
    assert not is_held(folder, record)


def test_of_many_launches_at_one_moment_exactly_one_gets_the_lease(folder: Path) -> None:
    won: list[Lease] = []
    refused: list[LeaseHeldError] = []

    def race() -> None:
        try:
            won.append(Lease.acquire(folder))
        except LeaseHeldError as error:
            refused.append(error)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 7)
    won[0].release()


def test_no_launch_can_slip_in_between_the_check_and_the_publish(folder: Path) -> None:
    with Lease.acquire(folder) as first:
        pass
    order: list[str] = []

    def take_over() -> None:
        with Lease.acquire(folder):
            order.append("taken over")

    with permission_to_publish(folder, first.epoch):
        thread = threading.Thread(target=take_over)
        thread.start()
        time.sleep(0.3)
        order.append("published")
    thread.join()
    assert order == ["published", "taken over"]


def test_a_lock_that_a_stopped_process_sits_on_is_told_with_its_pid_and_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LOCK_PATIENCE_S", 0.1)
    with Lease.acquire(folder) as first:
        pass
    publishing = (
        "import os, signal; from pathlib import Path; from recipe_sweep.sweep.locks.lease import permission_to_publish\n"
        f"with permission_to_publish(Path({str(folder)!r}), {first.epoch}): os.kill(os.getpid(), signal.SIGSTOP)"
    )
    with subprocess.Popen([sys.executable, "-c", publishing], cwd=ROOT) as process:
        wait_until(lambda: ProcessIdentity.of(process.pid).is_stopped())
        with pytest.raises(LeaseHeldError, match=rf"stopped process \(pid {process.pid}\)(?s:.*)kill -9 {process.pid}"):
            Lease.acquire(folder)
        process.send_signal(signal.SIGCONT)
    assert process.returncode == 0, "it published in time: nobody had taken over"
    with Lease.acquire(folder) as second:
        assert second.epoch == first.epoch + 1


def test_a_torn_lease_file_is_named_with_what_to_do(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "000001.json").write_text("{")
    with pytest.raises(SweepDirectoryError, match=r"000001\.json"):
        Lease.acquire(folder)


def test_a_process_knows_itself_and_not_its_successor() -> None:
    me = ProcessIdentity.of_this_process()
    assert me.is_local()
    assert me.is_alive()
    assert not ProcessIdentity(me.host, me.machine, me.pid, (me.started or 0) + 1).is_alive()


@pytest.mark.parametrize("lost", ["all", "newest", "older backup"])
@pytest.mark.parametrize(
    "left", ["launches/000005.json", "launches/000005.outcome.json", "weights/0123456789abcdef.5-1.safetensors"]
)
def test_an_epoch_is_never_given_twice_even_where_the_lease_was_lost(lost: str, left: str, tmp_path: Path) -> None:
    folder = tmp_path / "sweep" / "lease"
    for _ in range(4):
        Lease.acquire(folder).release()
    (folder.parent / left).parent.mkdir()
    (folder.parent / left).touch()
    gone = {"all": "*", "newest": "000004.*", "older backup": "00000[234].*"}[lost]
    for path in folder.glob(gone):
        path.unlink()
    lease = Lease.acquire(folder)
    assert lease.epoch == 6, "5 was given before: a worker of that launch would pass for one of this"
    lease.renew()
    assert lease.epoch == 7
    lease.release()


@pytest.mark.parametrize(
    "name", ["9" * 20 + ".json", "1.json", "\N{ARABIC-INDIC DIGIT ONE}00001.json", "000001.json.bak", "-00001.json"]
)
def test_a_name_that_is_no_epoch_is_passed_over(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "sweep" / "lease"
    folder.mkdir(parents=True)
    (folder / name).write_text("{}")
    with Lease.acquire(folder) as lease:
        assert lease.epoch == 1
