"""One launch at a time on all machines: the lease of a sweep's store.

All machines share one sequence of epochs. Each epoch is a name that must be new, such as `lease/000007.json`. Each has a
heartbeat; the store tells its age by its own clock.

A directory's own lease (sweep/locks/lease.py) coordinates the processes that see the directory. This lease coordinates the
directories that share a store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from recipe_sweep.search_spaces.environment import number_from_environment
from recipe_sweep.search_spaces.errors import Problem, RecipeSweepError
from recipe_sweep.sweep.errors import LeaseHeldError, LeaseLostError, StoreAddressError, SweepDirectoryError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import LeaseRecord, read_lease
from recipe_sweep.sweep.store.base import Store

EVERY_S = number_from_environment("RECIPE_SWEEP_STORE_EVERY_S", 10.0, 0.01, 86_400.0)
"""Seconds between two heartbeats in the store, and between two looks for new files to store."""
STALE_S = 240.0
"""Longer than the store is tried again. So no machine takes over a launch that only waits for the store."""


class StoreLease:
    """The epoch that one launch has in a store. Several threads may call its methods."""

    def __init__(self, store: Store, paths: SweepPaths) -> None:
        self._store, self._folder = store, paths.lease
        self._moving = threading.Lock()  # No thread may look at the newest epoch after its creation and before `_epoch` is set.
        self._epoch = 0

    def begin(self, epoch: int) -> None:
        """Take the store for this epoch. Raises LeaseHeldError if another launch has it."""
        if not self._take(epoch):
            raise LeaseHeldError(_held(self._store, epoch, "which was begun at the same moment"))
        if self._store.create(_record(epoch), self._folder / f"{epoch:06d}.json"):
            raise StoreAddressError(
                Problem(
                    self._store.address,
                    found="a store that overwrites an object although it was asked to create a new one",
                    expected="one that honours If-None-Match, as S3 does, because two launches could undo each other's work",
                )
            )
        self.beat()

    def renew(self, epoch: int) -> None:
        """Move to the launch's new epoch. Raises LeaseLostError if another launch has that epoch."""
        with self._moving:
            if epoch != self._epoch and not self._take(epoch):
                raise LeaseLostError(f"launch {epoch} of another machine has taken over {self._store.address}")

    def check(self) -> None:
        """Raise LeaseLostError if another launch has taken over the sweep."""
        with self._moving:
            newest = newest_epoch(self._store)
            if newest > self._epoch:
                raise LeaseLostError(f"launch {newest} of another machine has taken over {self._store.address}")

    def beat(self) -> None:
        """Show that the launch lives. Raises LeaseLostError, as `check` does."""
        self.check()
        self._mark("heartbeat")

    def end(self) -> None:
        """Give the lease back. Raises LeaseLostError, as `check` does."""
        self.check()
        self._mark("released")

    def _take(self, epoch: int) -> bool:
        """Say whether the epoch is ours now.

        It is also ours if an earlier request created it and its answer was lost.
        """
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
    """Show every few seconds that the launch lives, and follow it to its newest epoch."""
    left = threading.Event()

    def beat() -> None:
        while not left.wait(EVERY_S):
            with suppress(RecipeSweepError, OSError):  # The synchroniser reports what is wrong.
                lease.renew(epoch())
                lease.beat()

    threading.Thread(target=beat, name="store-heartbeat", daemon=True).start()
    try:
        yield
    finally:
        left.set()


def check_free(store: Store, paths: SweepPaths) -> None:
    """Fetch the store's epochs into the directory, so that the next one is new on all machines.

    Raises LeaseHeldError if a launch of another directory is working on the sweep.
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
    if age is None:  # The launch begins at this moment, or died when it began.
        age = store.age_s(_record(newest))
    if age is not None and abs(age) < STALE_S:  # A heartbeat from the future is from before a clock was set back.
        who = f"host {process.host}, pid {process.pid}, seen {max(age, 0.0):.0f} s ago"
        raise LeaseHeldError(_held(store, newest, who))


def newest_epoch(store: Store) -> int:
    """Return the newest epoch of a store; 0 if nothing was launched."""
    return max(_epochs(store), default=0)


class Sign(NamedTuple):
    """What a store knows of its newest launch: whether it has ended, and how long ago it showed that it lives."""

    epoch: int
    ended: bool
    silent_s: float

    @property
    def lost(self) -> bool:
        """Whether the launch counts as dead, because its machine or its way to the store is gone."""
        return not self.ended and self.silent_s > STALE_S


def newest_sign(store: Store, after: int) -> Sign | None:
    """Look for the newest launch; None if there is none after that epoch."""
    epoch = newest_epoch(store)
    if epoch <= after:
        return None
    ended = store.age_s(f"lease/{epoch:06d}.released") is not None
    age = store.age_s(f"lease/{epoch:06d}.heartbeat")
    return Sign(epoch, ended, abs((store.age_s(_record(epoch)) if age is None else age) or 0.0))


def _epochs(store: Store) -> frozenset[int]:
    """List the epochs that a store has a record of."""
    names = (key.removeprefix("lease/").removesuffix(".json") for key in store.keys("lease/") if key.endswith(".json"))
    return frozenset(int(name) for name in names)


def _stored_record(store: Store, paths: SweepPaths, epoch: int) -> LeaseRecord:
    """Read who has an epoch in the store.

    The directory may have another record of that number, which the store refused.
    """
    there = paths.lease / "stored.json"
    store.fetch(_record(epoch), there)
    try:
        return read_lease(there)
    except SweepDirectoryError as error:
        problem = Problem(
            f"{store.address}/{_record(epoch)}",
            found="no readable lease",
            expected="the JSON a launch writes",
            hint="make sure that no launch is working on this sweep, then remove it from the store",
        )
        raise SweepDirectoryError(problem) from error


def _record(epoch: int) -> str:
    return f"lease/{epoch:06d}.json"


def _held(store: Store, epoch: int, who: str) -> Problem:
    return Problem(
        file=store.address,
        found=f"another launch at work on this sweep: launch {epoch}, {who}",
        expected="one launch at a time",
        hint=f"stop it there, then launch again; a launch that was killed elsewhere counts as dead after {STALE_S:.0f} s",
    )
