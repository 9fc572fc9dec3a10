"""One launch at a time: the sweep's lease, its epochs, and the check that every publish makes.

A launch that takes the lease creates `lease/<epoch>.json`. Its epoch is one higher than the last, and its name must be new.
Only the highest epoch may publish. So a leftover worker of a killed launch stops, even if it wakes up late, because its epoch
is superseded.

A new launch could come between a worker's look at the epoch and its publish. So both hold `lease/lock`. Workers hold it shared,
while they check and publish. A launch holds it exclusively, while it creates its epoch. The kernel drops the lock of a process
that dies, so a killed process leaves no lock behind.

The kernel says whether the holder of a lease is alive, if the holder is on this machine. On another machine its heartbeat shows
that (`sweep/locks/heartbeat.py`).
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import DamagedFileError, LeaseHeldError, LeaseLostError
from recipe_sweep.sweep.files.atomic import publish_json
from recipe_sweep.sweep.files.kinds import LEASE, LOCK
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.process import ProcessIdentity, holders
from recipe_sweep.sweep.files.reading import check_regular, read_json
from recipe_sweep.sweep.locks.heartbeat import LISTEN_S, STALE_S, Heart, is_beating, is_touched, seems_fresh
from recipe_sweep.sweep.units import local_moment

LOCK_PATIENCE_S = 30.0

_EPOCH_FILE = re.compile(r"([0-9]{6,12})\.json")
_LAUNCH_FILE = re.compile(r"([0-9]{6,12})\.")
_WEIGHTS_FILE = re.compile(r"[0-9a-f]{16}\.([0-9]{1,12})-")


@dataclass(frozen=True)
class LeaseRecord:
    """The process that holds, or held, an epoch."""

    epoch: int
    process: ProcessIdentity
    since: datetime


class Lease:
    """The lease as its holder sees it. As a context manager it gives the lease back at the end.

    Use `Lease.acquire`. `renew` moves to a new epoch, so that no worker of the previous epoch can publish.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._heart: Heart | None = None
        self.epoch = 0

    @classmethod
    def acquire(cls, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Lease:
        """Take the sweep's lease. Raises LeaseHeldError if a live launch holds it; takes over from a dead one.

        `tell` is called with the reason when that takes a while, and later when a heartbeat cannot be written.
        """
        lease = cls(folder)
        _listen_for_another(folder, tell)
        with _locked(folder, fcntl.LOCK_EX):
            current = current_holder(folder)
            if current is not None and is_held(folder, current):
                raise LeaseHeldError(_held_problem(folder, current))
            lease._create_epoch(current)
        lease._heart = Heart(lambda: _heartbeat(folder, lease.epoch), tell)
        return lease

    def renew(self) -> None:
        """Move to a new epoch. Raises LeaseLostError if another launch has taken over the sweep meanwhile."""
        with _locked(self._folder, fcntl.LOCK_EX):
            current = current_holder(self._folder)
            if current is None or current.epoch != self.epoch:
                raise LeaseLostError(f"epoch {self.epoch} of {self._folder.parent} was superseded")
            self._create_epoch(current)

    def release(self) -> None:
        """Give the lease back, so that the next launch need not find out whether this process is alive."""
        if self._heart is not None:
            self._heart.stop()
        _released(self._folder, self.epoch).touch()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _create_epoch(self, current: LeaseRecord | None) -> None:
        known = 0 if current is None else current.epoch
        epoch = 1 + max(known, *_seen_elsewhere(self._folder.parent))
        record = LeaseRecord(epoch, ProcessIdentity.of_this_process(), datetime.now(UTC))
        _heartbeat(self._folder, epoch).touch()
        publish_json(self._folder / f"{epoch:06d}.json", asdict(record) | {"since": record.since.isoformat()})
        self.epoch = epoch


def current_holder(folder: Path) -> LeaseRecord | None:
    """Read the record of the highest epoch; None if the sweep was never launched."""
    epochs = _epochs(folder)
    return read_lease(folder / f"{max(epochs):06d}.json") if epochs else None


def is_held(folder: Path, record: LeaseRecord) -> bool:
    """Say whether that launch is still working, as far as one look shows. It is not if it gave the lease back, or died."""
    return _lives(folder, record, seems_fresh)


def live_launch(folder: Path) -> LeaseRecord | None:
    """Find the launch that is working on a sweep now; None if there is none.

    Raises DamagedFileError if an unreadable file hides it.
    """
    holder = current_holder(folder)
    return holder if holder is not None and is_held(folder, holder) else None


@dataclass(frozen=True)
class Died:
    """A launch that died without ending. `seen` is its last sign of life, or None if there was none."""

    record: LeaseRecord
    seen: datetime | None


def died(folder: Path) -> Died | None:
    """Find the newest launch, if it neither ended nor lives.

    None if it ended or lives, and if an unreadable file hides it.
    """
    try:
        record = current_holder(folder)
    except DamagedFileError as error:
        overlook(error)
        return None
    if record is None or _released(folder, record.epoch).exists() or is_held(folder, record):
        return None
    try:
        seen = datetime.fromtimestamp(_heartbeat(folder, record.epoch).stat().st_mtime, UTC)
    except OSError:
        seen = None
    return Died(record, seen)


def visible_launch(folder: Path) -> LeaseRecord | None:
    """Find the live launch, as `live_launch` does, to show it only. An unreadable file is overlooked."""
    try:
        return live_launch(folder)
    except DamagedFileError as error:
        overlook(error)
        return None


def holds(folder: Path, epoch: int) -> bool:
    """Say whether `epoch` is the current one and its launch alive. A worker asks this about once a second."""
    current = current_holder(folder)
    return current is not None and current.epoch == epoch and _lives(folder, current, is_beating)


@contextmanager
def permission_to_publish(folder: Path, epoch: int) -> Iterator[None]:
    """Keep any new launch waiting while publishing under `epoch`.

    Raises LeaseLostError if `epoch` is no longer the current one. The launch itself may be dead. What its worker finished is
    still worth keeping, as long as no other launch has taken over.
    """
    with _locked(folder, fcntl.LOCK_SH):
        newest = max(_epochs(folder), default=0)
        if newest != epoch:
            raise LeaseLostError(f"launch {epoch} may not publish: launch {newest} has taken over this sweep")
        yield


def _lives(folder: Path, record: LeaseRecord, beats: Callable[[Path], bool]) -> bool:
    if _released(folder, record.epoch).exists():
        return False
    if record.process.is_local():
        return record.process.is_alive()
    return beats(_heartbeat(folder, record.epoch))


def _listen_for_another(folder: Path, tell: Callable[[str], None]) -> None:
    """Wait for signs of life of a launch on another machine, before it counts as dead.

    Raises LeaseHeldError if it is alive. A launch without a heartbeat in this directory was fetched from a store, which has
    already checked it (`sweep/store/lease.py`).
    """
    current = current_holder(folder)
    if current is None or current.process.is_local() or is_held(folder, current):
        return
    heartbeat = _heartbeat(folder, current.epoch)
    if _released(folder, current.epoch).exists() or not heartbeat.exists():
        return
    tell(f"a launch on {current.process.host} seems to be dead: waiting {LISTEN_S:.0f} s for a sign of life")
    if is_touched(heartbeat, LISTEN_S):
        raise LeaseHeldError(_held_problem(folder, current))


def _epochs(folder: Path) -> list[int]:
    if not folder.exists():
        return []
    return [int(found[1]) for name in os.listdir(folder) if (found := _EPOCH_FILE.fullmatch(name))]


def _seen_elsewhere(root: Path) -> Iterator[int]:
    """Yield the epochs that a sweep's other files name.

    `lease/` may be lost, or come back from an older backup; the other files are not lost with it. If an epoch were used twice,
    a worker of the first could publish for the second.
    """
    yield 0
    for folder, pattern in (("launches", _LAUNCH_FILE), ("weights", _WEIGHTS_FILE)):
        with suppress(FileNotFoundError, NotADirectoryError):
            yield from (int(found[1]) for name in os.listdir(root / folder) if (found := pattern.match(name)))


def read_lease(path: Path) -> LeaseRecord:
    """Read one epoch's record. Raises DamagedFileError if it cannot be read."""
    try:
        return read_json(path, LeaseRecord, LEASE)
    except FileNotFoundError as error:
        raise LEASE.damaged(path, "not there any more") from error


def _held_problem(folder: Path, record: LeaseRecord) -> Problem:
    process = record.process
    return Problem(
        file=str(folder.parent),
        found=f"another launch at work on this sweep: host {process.host}, pid {process.pid}, "
        f"since {local_moment(record.since)}",
        expected="one launch at a time",
        hint="watch it with `recipe-sweep status`; or stop it with `recipe-sweep cancel`, from here too, and launch again"
        + ("" if process.is_local() else f"; if its machine lost its power, launch again after {STALE_S:.0f} s"),
    )


def _heartbeat(folder: Path, epoch: int) -> Path:
    return folder / f"{epoch:06d}.heartbeat"


def _released(folder: Path, epoch: int) -> Path:
    return folder / f"{epoch:06d}.released"


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Hold `lease/lock`.

    Raises LeaseHeldError if another process keeps the lock. That process may be stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        check_regular(folder / "lock", LOCK)
    with (folder / "lock").open("a") as file:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LeaseHeldError(_locked_problem(folder / "lock")) from None
                time.sleep(0.05)
        yield


def _locked_problem(lock: Path) -> Problem:
    stopped = [str(process.pid) for process in holders(lock) if process.is_stopped()]
    if not stopped:
        return Problem(
            str(lock), found="a lock that another process has held for a long time", expected="a lock held for moments",
            hint="is a process of this sweep, on any machine, stopped (state T in `ps`)?",
        )  # fmt: skip
    pids = " ".join(stopped)
    return Problem(
        str(lock), found=f"a lock held by a stopped process (pid {pids})", expected="a lock held for moments",
        hint=f"let it continue with `kill -CONT {pids}` or end it with `kill -9 {pids}`, then launch again",
    )  # fmt: skip
