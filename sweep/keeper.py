"""What of a sweep goes into its store, when, and how it comes back: the truth, in an order that is safe to be cut off anywhere.

A sweep with a store has a directory all the same, in which everything happens as in any other. Beside a launch a keeper
carries over what is new there and is truth: results last, so that what is in the store is complete; names that must be new
are created, never replaced, so of two launches that did the same pack the first counts. A launch begins by fetching what its
directory lacks: on a new machine, all of it.

The store has the sweep's lease as well: the epochs of all machines are one row of names that must be new, with a heartbeat.
A launch whose epoch is no longer the newest stores nothing more, and stops.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from search_spaces.errors import Problem
from sweep.atomic import TEMPORARY_SUFFIX
from sweep.errors import LeaseHeldError, LeaseLostError
from sweep.lease import Lease, read_lease
from sweep.paths import SweepPaths
from sweep.store import Store, StoreError

BEAT_S = float(os.environ.get("RECIPE_SWEEP_STORE_EVERY_S", "10"))
"""Seconds between two looks for what is new."""
STALE_S = 240.0
"""Longer than the store is tried again, so that nobody takes over a launch that only waits for it."""
PATIENCE_S = 600.0

SWEEP_FILE = "sweep.json"
ONCE = ("packs", "search", "launches")
"""Directories of files whose names must be new; results follow when these and all others are there."""
BULKY = ("checkpoints", "weights")
"""Directories of large files, whose names no two attempts share or whose content says whether it is whole."""
TAKEN_BACK = ("packs/", "checkpoints/")
"""What a launch may remove again: records that were withdrawn, checkpoints that nothing can resume from."""


def fetch(store: Store, paths: SweepPaths) -> int:
    """Bring into the sweep's directory what it lacks of what is stored; returns how many files. Raises StoreError.

    Results come last, so that a directory whose fetching was cut off lacks results and never what these speak of.
    """
    folders = (SWEEP_FILE, *ONCE, *BULKY, "results")
    keys = store.keys("")
    wanted = sorted((folders.index(folder), key) for key in keys if (folder := key.split("/")[0]) in folders)
    lacking = [key for _, key in wanted if not (paths.root / key).exists()]
    return sum(store.fetch(key, paths.root / key) for key in lacking)


class Keeper:
    """Carries a sweep's truth to its store, for one launch."""

    def __init__(self, store: Store, paths: SweepPaths) -> None:
        self._store, self._paths = store, paths
        self._stored: set[str] = set(store.keys())
        self._sweep_file = b""
        self.epoch = 0

    def begin(self, epoch: int) -> None:
        """Take the lease of the store for this epoch. Raises LeaseHeldError where another launch has it."""
        self.epoch = epoch
        if not self._store.create(_lease(epoch), self._paths.lease / f"{epoch:06d}.json"):
            raise LeaseHeldError(_held(self._store, epoch, "which was begun at the same moment"))
        self.beat()

    def renew(self, epoch: int) -> None:
        """Move to the epoch that the launch has moved to. Raises LeaseLostError where it is not the next one."""
        if epoch != self.epoch:
            if not self._store.create(_lease(epoch), self._paths.lease / f"{epoch:06d}.json"):
                raise LeaseLostError(f"launch {epoch} of another machine has taken {self._store.address} over")
            self.epoch = epoch

    def beat(self) -> None:
        """Show that the launch lives. Raises LeaseLostError where another has taken the sweep over."""
        if newest_epoch(self._store) > self.epoch:
            raise LeaseLostError(f"another launch has taken {self._store.address} over")
        self._paths.lease.joinpath("stored").touch()
        self._store.replace(f"lease/{self.epoch:06d}.heartbeat", self._paths.lease / "stored")

    def carry(self) -> int:
        """Store what is new; returns how many files were. Raises StoreError, LeaseLostError."""
        carried = self._carry_sweep_file()
        results = dict(_files(self._paths, "results"))
        done = {Path(key).stem for key in (*results, *self._stored) if key.startswith("results/")}
        present = {
            key: path for folder in (*ONCE, *BULKY) for key, path in _files(self._paths, folder) if not _spent(key, done)
        }
        carried += sum(self._carry(key, path) for key, path in present.items() if key not in self._stored)
        if news := [(key, path) for key, path in results.items() if key not in self._stored]:
            self.beat()  # asks whether we may
            carried += sum(self._carry(key, path) for key, path in news)
        for key in [key for key in self._stored if key.startswith(TAKEN_BACK) and key not in present]:
            self._store.remove(key)
            self._stored.discard(key)
        return carried

    def end(self) -> None:
        """Give the lease back."""
        self._paths.lease.joinpath("stored").touch()
        self._store.replace(f"lease/{self.epoch:06d}.released", self._paths.lease / "stored")

    def _carry_sweep_file(self) -> int:
        content = self._paths.lock_file.read_bytes()
        if content == self._sweep_file:
            return 0
        self._store.replace(SWEEP_FILE, self._paths.lock_file)
        self._sweep_file = content
        return 1

    def _carry(self, key: str, path: Path) -> bool:
        created = True
        try:
            if key.startswith(BULKY):
                self._store.replace(key, path)
            else:
                created = self._store.create(key, path)
        except FileNotFoundError:
            return False  # A checkpoint that has gone meanwhile.
        self._stored.add(key)
        if not created and key.startswith("results/"):
            self._store.fetch(key, path)  # Another launch was first, and its row counts everywhere.
        return created


@contextmanager
def kept(store: Store | None, paths: SweepPaths, epoch: Callable[[], int], lost: Callable[[], None]) -> Iterator[None]:
    """Keep the store up to date beside a launch, whose epoch may move; `lost` is called when another launch has the sweep.

    Where the store is away, training goes on and what is new waits. At the end it is waited for, for ten minutes. Raises
    LeaseHeldError at the start, StoreError at the end with what to do then; all that was done is in the directory.
    """
    if store is None:
        yield
        return
    keeper = Keeper(store, paths)
    keeper.begin(epoch())
    fetch(store, paths)  # What was stored between the first look and the lease.
    over = threading.Event()

    def keep() -> None:
        while not over.wait(BEAT_S):
            try:
                keeper.renew(epoch())
                keeper.beat()
                keeper.carry()
            except LeaseLostError:
                lost()
                return
            except (StoreError, OSError):
                continue  # What is new waits for the next time; the end says so if there is none.

    thread = threading.Thread(target=keep, name="store", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _carry_the_rest(keeper, store, paths)


def _carry_the_rest(keeper: Keeper, store: Store, paths: SweepPaths) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            keeper.carry()
            keeper.end()
            return
        except StoreError as error:
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{error}\n  hint      what was done is in {paths.root}, and not in the store: the same command stores it"
                ) from error
        time.sleep(BEAT_S)


def store_the_rest(store: Store, paths: SweepPaths) -> None:
    """Store what a launch before could not, if there is such. Raises LeaseHeldError, StoreError."""
    if store.keys("results/") >= {key for key, _ in _files(paths, "results")}:
        return
    check_free(store, paths)
    with Lease.acquire(paths.lease) as lease, kept(store, paths, lambda: lease.epoch, lambda: None):
        pass


def check_free(store: Store, paths: SweepPaths) -> None:
    """Bring the store's epochs into the directory, so that the next one is new on all machines.

    Raises LeaseHeldError where a launch of another machine is at work on the sweep.
    """
    newest = newest_epoch(store)
    for epoch in range(1, newest + 1):
        path = paths.lease / f"{epoch:06d}.json"
        if not path.exists():
            store.fetch(_lease(epoch), path)
    if not newest or store.age_s(f"lease/{newest:06d}.released") is not None:
        return
    record = read_lease(paths.lease / f"{newest:06d}.json")
    if record.process.is_local() and not record.process.is_alive():
        return
    age = store.age_s(f"lease/{newest:06d}.heartbeat")
    if age is not None and abs(age) < STALE_S:  # One from the future was left there before a clock was put back.
        process = record.process
        raise LeaseHeldError(_held(store, newest, f"host {process.host}, pid {process.pid}, seen {age:.0f} s ago"))


def newest_epoch(store: Store) -> int:
    """The newest epoch of a store; 0 where nothing was launched."""
    epochs = (Path(key) for key in store.keys("lease/") if key.endswith(".json"))
    return max((int(path.stem) for path in epochs if path.stem.isdigit()), default=0)


def _files(paths: SweepPaths, folder: str) -> Iterator[tuple[str, Path]]:
    root = paths.root / folder
    with suppress(FileNotFoundError):
        for path in sorted(root.rglob("*")):
            hidden = path.name.startswith(".") or path.suffix in (TEMPORARY_SUFFIX, ".stop")
            if not hidden and path.is_file():
                yield path.relative_to(paths.root).as_posix(), path


def _spent(key: str, done: Collection[str]) -> bool:
    """Whether this is a checkpoint of a pack that is done."""
    folder, _, rest = key.partition("/")
    return folder == "checkpoints" and rest.partition("/")[0] in done


def _lease(epoch: int) -> str:
    return f"lease/{epoch:06d}.json"


def _held(store: Store, epoch: int, who: str) -> Problem:
    return Problem(
        file=store.address,
        found=f"another launch at work on this sweep: launch {epoch}, {who}",
        expected="one launch at a time",
        hint=f"stop it there, then launch again; one that was killed elsewhere is taken for dead after {STALE_S:.0f} s",
    )
