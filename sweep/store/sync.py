"""Copies a sweep's files to its store and back. Results go last, so an interrupted copy is never inconsistent.

A sweep with a store has a directory all the same, in which everything happens as in any other. A launch begins by fetching
what its directory lacks: on a new machine, all of it. While it is at work, a synchroniser copies what is new. A launch that
another machine has taken over (`lease.py`) stores nothing more, and stops.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import read_sweep_file, write_sweep_file
from recipe_sweep.sweep.locks.lease import Lease, live_launch
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.carrier import NOTHING, Carrier
from recipe_sweep.sweep.store.keys import inside
from recipe_sweep.sweep.store.lease import StoreLease, beating, check_free
from recipe_sweep.sweep.store.stored_files import BULKY, ONCE, check_links, files_of, known_stored, lacks, remember_stored
from recipe_sweep.sweep.store.stored_files import SWEEP_FILE as SWEEP_FILE  # Who opens a sweep from a store asks for it here.
from recipe_sweep.sweep.store.synchroniser import Synchroniser

if TYPE_CHECKING:
    from recipe_sweep.sweep.locks.stop import StopRequests

AT_ONCE = 8
"""Objects that are fetched at the same time."""


def fetch(store: Store, paths: SweepPaths, checkpoints: bool = True) -> int:
    """Bring into the sweep's directory what it lacks of what is stored; returns how many files. Raises StoreError.

    Results come last, so that a directory whose fetching was cut off lacks results and never what these speak of. One that is
    here already gives way to another that was stored first. Without `checkpoints`: all that a reader needs.
    """
    folders = (SWEEP_FILE, *ONCE, *(folder for folder in BULKY if checkpoints or folder != "checkpoints"), "results")
    known = known_stored(paths)
    wanted = sorted((folders.index(folder), key) for key in store.keys("") if (folder := key.split("/")[0]) in folders)
    lacking = [(rank, key) for rank, key in wanted if lacks(paths, key, known)]

    def one(ranked: tuple[int, str]) -> bool:
        key = ranked[1]
        fetched = store.fetch(key, inside(paths.root, key))
        if fetched:
            remember_stored(paths, key)
        return fetched

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(sum(pool.map(one, keys)) for _, keys in itertools.groupby(lacking, key=lambda ranked: ranked[0]))


def fetch_to_read(store: Store, paths: SweepPaths) -> None:
    """Fetch all but checkpoints, unless a launch is at work in the directory, which knows better than the store."""
    try:
        launch = live_launch(paths.lease)
    except DamagedFileError as error:
        overlook(error)
        return
    if launch is None:
        fetch(store, paths, checkpoints=False)


@contextmanager
def syncing(
    store: Store | None,
    paths: SweepPaths,
    epoch: Callable[[], int],
    asked: StopRequests,
    tell: Callable[[str], None],
    datasets: Mapping[str, Path] = NOTHING,
) -> Iterator[None]:
    """Keep the store up to date beside a launch, whose epoch may move, and which is asked to stop when another has the sweep.

    `datasets` are the sweep's, by the hash of their content: they are stored once, after what else is new at first.
    Where the store is away, training goes on and what is new waits. At the end it is waited for, for ten minutes or until
    Ctrl-C. Raises LeaseHeldError at the start; at the end LeaseLostError, or StoreError with what to do then: all that was
    done is in the directory.
    """
    if store is None:
        yield
        return
    check_links(paths)
    lease = StoreLease(store, paths)
    lease.begin(epoch())
    with beating(lease, epoch):
        carrier = Carrier(store, paths, lease, datasets)
        fetch(store, paths)  # What was stored between the first look and the lease.
        with Synchroniser(carrier, lease, asked, tell):
            yield


def store_the_rest(store: Store, paths: SweepPaths) -> None:
    """Store what a launch before could not, or did without a store. Raises LeaseHeldError, LeaseLostError, StoreError."""
    sweep = read_sweep_file(paths)
    known = sweep is None or sweep.store == store.address
    if known and store.keys("results/") >= {key for key, _ in files_of(paths, "results")}:
        return
    from recipe_sweep.sweep.locks.stop import stop_signals

    check_free(store, paths)
    with Lease.acquire(paths.lease) as lease, stop_signals() as asked, syncing(store, paths, lambda: lease.epoch, asked, print):
        if sweep is not None and not known:
            write_sweep_file(paths, replace(sweep, store=store.address))
