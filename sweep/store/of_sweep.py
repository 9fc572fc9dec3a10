"""Finds the store of a sweep: the one that a command names, or the one in the sweep's file.

It refuses the store of another sweep.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import StoreAddressError, SweepDirectoryError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import SweepFile, read_sweep_file
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.lease import check_free
from recipe_sweep.sweep.store.sync import SWEEP_FILE, fetch


def store_of(paths: SweepPaths, given: str | None) -> Store | None:
    """Return the store of a sweep: the given one, or the one that its file names; None if there is neither.

    Raises StoreAddressError, and SweepDirectoryError if the sweep has another store.
    """
    sweep = read_sweep_file(paths)
    if given is None:
        return None if sweep is None or sweep.store is None else open_store(sweep.store)
    store = open_store(given)
    check_apart(store, paths)
    if sweep is not None and sweep.store not in (None, store.address):
        problem = Problem(
            str(paths.lock_file),
            key="store",
            found=f"{sweep.store}, where this sweep is already stored",
            expected=store.address,
            hint="launch it with the store it has, or begin another sweep with --dir",
        )
        raise SweepDirectoryError(problem)
    if sweep is not None and sweep.store is None:
        _check_same(store, sweep)
    return store


def _check_same(store: Store, sweep: SweepFile) -> None:
    """Refuse a store that already holds another sweep, because the two could never be separated again."""
    with TemporaryDirectory() as directory:
        there = SweepPaths(Path(directory))
        stored = read_sweep_file(there) if store.fetch(SWEEP_FILE, there.lock_file) else None
    if stored is not None and stored.created_at != sweep.created_at:
        problem = Problem(
            store.address,
            found=f"another sweep: {stored.name}, begun {stored.created_at}",
            expected=f"nothing, or what is stored of {sweep.name}, begun {sweep.created_at}",
            hint="give this sweep its own address",
        )
        raise SweepDirectoryError(problem)


def check_apart(store: Store, paths: SweepPaths) -> None:
    """Refuse a folder as store if it is the sweep's own directory, or lies in or around it. Raises StoreAddressError."""
    if store.folder is not None:
        folder, root = store.folder.resolve(), paths.root.resolve()
        if folder == root or folder in root.parents or root in folder.parents:
            raise StoreAddressError(
                Problem(store.address, found=f"the sweep's own directory {root}, or one in or around it", expected="another")
            )


def fetched_store(paths: SweepPaths, given: str | None) -> Store | None:
    """Find the sweep's store as `store_of` does, and fetch all that is stored.

    Raises LeaseHeldError if a launch is working on the sweep.
    """
    store = store_of(paths, given)
    if store is not None:
        check_free(store, paths)
        fetch(store, paths)
    return store
