"""One launch at a time on all machines: the lease of a sweep's store.

The epochs of all machines are one row of names that must be new, `lease/000007.json`, each with a heartbeat whose age the
store tells by its own clock. What a directory's own lease (sweep/locks/lease.py) is among the processes that see the directory,
this is among the directories that share a store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from recipe_sweep.search_spaces.environment import number_from_environment
from recipe_sweep.search_spaces.errors import Problem, RecipeSweepError
from recipe_sweep.sweep.errors import LeaseHeldError, LeaseLostError, StoreAddressError, SweepDirectoryError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import LeaseRecord, read_lease
from recipe_sweep.sweep.store.base import Store

EVERY_S = number_from_environment("RECIPE_SWEEP_STORE_EVERY_S", 10.0, 0.01, 86_400.0)
"""Seconds between two signs of life in the store, and between two looks for what is new to store."""
STALE_S = 240.0
"""Longer than the store is tried again, so that nobody takes over a launch that only waits for it."""


class StoreLease:
    """The epoch that one launch has in a store. Its methods may be called from several threads."""

    def __init__(self, store: Store, paths: SweepPaths) -> None:
        self._store, self._folder = store, paths.lease
        self._moving = threading.Lock()  # Nobody may look at the newest epoch between its name and our knowing it.
        self._epoch = 0

    def begin(self, epoch: int) -> None:
        """Take the store for this epoch. Raises LeaseHeldError where another launch has it."""
        if not self._take(epoch):
            raise LeaseHeldError(_held(self._store, epoch, "which was begun at the same moment"))
        if self._store.create(_record(epoch), self._folder / f"{epoch:06d}.json"):
            raise StoreAddressError(
                Problem(
                    self._store.address,
                    found="a store that overwrites what it was asked to create only where nothing is",
                    expected="one that honours If-None-Match, as S3 does: else two launches could undo each other's work",
                )
            )
        self.beat()

    def renew(self, epoch: int) -> None:
        """Move to the epoch that the launch has moved to. Raises LeaseLostError where it is another's."""
        with self._moving:
            if epoch != self._epoch and not self._take(epoch):
                raise LeaseLostError(f"launch {epoch} of another machine has taken {self._store.address} over")

    def check(self) -> None:
        """Raise LeaseLostError where another launch has taken the sweep over."""
        with self._moving:
            newest = newest_epoch(self._store)
            if newest > self._epoch:
                raise LeaseLostError(f"launch {newest} of another machine has taken {self._store.address} over")

    def beat(self) -> None:
        """Show that the launch lives. Raises LeaseLostError as `check`."""
        self.check()
        self._mark("heartbeat")

    def end(self) -> None:
        """Give the lease back. Raises LeaseLostError as `check`."""
        self.check()
        self._mark("released")

    def _take(self, epoch: int) -> bool:
        """Whether the epoch is ours now: also where a request that created it was repeated, its first answer being lost."""
        record = self._folder / f"{epoch:06d}.json"
        if not self._store.create(_record(epoch), record):
            there = self._folder / "stored.json"
            self._store.fetch(_record(epoch), there)
            if there.read_bytes() != record.read_bytes():
                return False
        self._epoch = epoch
        return True

    def _mark(self, kind: str) -> None:
        empty = self._folder / "stored"
        empty.touch()
        self._store.replace(f"lease/{self._epoch:06d}.{kind}", empty)


@contextmanager
def beating(lease: StoreLease, epoch: Callable[[], int]) -> Iterator[None]:
    """Show every few seconds that the launch lives, and move to the epoch that it has moved to."""
    left = threading.Event()

    def beat() -> None:
        while not left.wait(EVERY_S):
            with suppress(RecipeSweepError, OSError):  # The synchroniser says what is wrong.
                lease.renew(epoch())
                lease.beat()

    threading.Thread(target=beat, name="store-heartbeat", daemon=True).start()
    try:
        yield
    finally:
        left.set()


def check_free(store: Store, paths: SweepPaths) -> None:
    """Bring the store's epochs into the directory, so that the next one is new on all machines.

    Raises LeaseHeldError where a launch of another directory is at work on the sweep.
    """
    epochs = _epochs(store)
    newest = max(epochs, default=0)
    for epoch in sorted(epochs):
        path = paths.lease / f"{epoch:06d}.json"
        if not path.exists() and store.fetch(_record(epoch), path):
            store.fetch(f"lease/{epoch:06d}.released", path.with_suffix(".released"))
    if not newest or store.age_s(f"lease/{newest:06d}.released") is not None:
        return
    process = _stored_record(store, paths, newest).process
    if process.is_local() and not process.is_alive():
        return
    age = store.age_s(f"lease/{newest:06d}.heartbeat")
    if age is None:  # It begins at this moment, or died as it began.
        age = store.age_s(_record(newest))
    if age is not None and abs(age) < STALE_S:  # One from the future was left there before a clock was put back.
        who = f"host {process.host}, pid {process.pid}, seen {max(age, 0.0):.0f} s ago"
        raise LeaseHeldError(_held(store, newest, who))


def newest_epoch(store: Store) -> int:
    """The newest epoch of a store; 0 where nothing was launched."""
    return max(_epochs(store), default=0)


def _epochs(store: Store) -> frozenset[int]:
    """The epochs that a store has a record of."""
    names = (key.removeprefix("lease/").removesuffix(".json") for key in store.keys("lease/") if key.endswith(".json"))
    return frozenset(int(name) for name in names)


def _stored_record(store: Store, paths: SweepPaths, epoch: int) -> LeaseRecord:
    """Who has an epoch in the store; in the directory another may have that number, which was refused by the store."""
    there = paths.lease / "stored.json"
    store.fetch(_record(epoch), there)
    try:
        return read_lease(there)
    except SweepDirectoryError as error:
        problem = Problem(
            f"{store.address}/{_record(epoch)}",
            found="no readable lease",
            expected="the JSON a launch writes",
            hint="make sure no launch is at work on this sweep, then remove it from the store",
        )
        raise SweepDirectoryError(problem) from error


def _record(epoch: int) -> str:
    return f"lease/{epoch:06d}.json"


def _held(store: Store, epoch: int, who: str) -> Problem:
    return Problem(
        file=store.address,
        found=f"another launch at work on this sweep: launch {epoch}, {who}",
        expected="one launch at a time",
        hint=f"stop it there, then launch again; one that was killed elsewhere is taken for dead after {STALE_S:.0f} s",
    )
