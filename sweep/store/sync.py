"""Copies a sweep's files to its store and back. Results go last, so an interrupted copy is never inconsistent.

A sweep with a store also has a directory, and works there like any other. A launch begins by fetching what its directory lacks.
On a new machine that is everything. While the launch works, a synchroniser copies what is new. If another machine takes over
the sweep (`lease.py`), the launch stores nothing more, and stops.
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
from recipe_sweep.sweep.store.stored_files import (
    SWEEP_FILE as SWEEP_FILE,
)  # Code that opens a sweep from a store imports it from here.
from recipe_sweep.sweep.store.synchroniser import Synchroniser

if TYPE_CHECKING:
    from recipe_sweep.sweep.locks.stop import StopRequests

AT_ONCE = 8
"""Objects that are fetched at the same time."""


def fetch(store: Store, paths: SweepPaths, checkpoints: bool = True) -> int:
    """Fetch what the sweep's directory lacks of what is stored. Returns how many files. Raises StoreError.

    Results come last. So after an interrupted fetch the directory may lack results, but never what its results refer to. A
    result here is replaced if another was stored first. Without `checkpoints` it fetches only what a reader needs.
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
    """Fetch all but checkpoints, unless a launch is working in the directory. Then the directory is newer than the store."""
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
    """Keep the store up to date while a launch works. The launch's epoch may change.

    The launch is asked to stop if another launch has taken over the sweep. `datasets` are the sweep's, by the hash of their
    content; they are stored once, after the first look's other files.

    If the store does not answer, training continues and new files wait. At the end it waits for the store: for ten minutes, or
    until Ctrl-C.

    Raises LeaseHeldError at the start. At the end it raises LeaseLostError, or StoreError that says what to do. All that was
    done is then in the directory.
    """
    if store is None:
        yield
        return
    check_links(paths)
    lease = StoreLease(store, paths)
    lease.begin(epoch())
    with beating(lease, epoch):
        carrier = Carrier(store, paths, lease, datasets)
        fetch(store, paths)  # This fetches what was stored between the first look and the lease.
        with Synchroniser(carrier, lease, asked, tell):
            yield


def store_the_rest(store: Store, paths: SweepPaths) -> None:
    """Store what an earlier launch could not store, or did without a store.

    Raises LeaseHeldError, LeaseLostError, StoreError.
    """
    sweep = read_sweep_file(paths)
    known = sweep is None or sweep.store == store.address
    if known and store.keys("results/") >= {key for key, _ in files_of(paths, "results")}:
        return
    from recipe_sweep.sweep.locks.stop import stop_signals

    check_free(store, paths)
    with Lease.acquire(paths.lease) as lease, stop_signals() as asked, syncing(store, paths, lambda: lease.epoch, asked, print):
        if sweep is not None and not known:
            write_sweep_file(paths, replace(sweep, store=store.address))
