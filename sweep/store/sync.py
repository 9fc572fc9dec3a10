"""What of a sweep goes into its store, when, and how it comes back: the truth, in an order that is safe to be cut off anywhere.

A sweep with a store has a directory all the same, in which everything happens as in any other. Beside a launch a keeper
carries over what is new there and is truth: results last, so that what is in the store is complete; names that must be new
are created, never replaced, so of two launches that did the same pack the first counts. A launch begins by fetching what its
directory lacks: on a new machine, all of it. One that another machine has taken over (`lease.py`) stores nothing more, and
stops.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.environment import number_from_environment
from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.sweep.errors import DamagedFileError, LeaseLostError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX
from recipe_sweep.sweep.files.kinds import STORED
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import check_regular, read_regular
from recipe_sweep.sweep.files.sweep_file import read_sweep_file, write_sweep_file
from recipe_sweep.sweep.locks.lease import Lease, live_launch
from recipe_sweep.sweep.store.base import Store, StoreError
from recipe_sweep.sweep.store.datasets import card_key, store_dataset
from recipe_sweep.sweep.store.keys import PATTERNS, StoreKeyError, inside, is_ours
from recipe_sweep.sweep.store.lease import StoreLease, check_free

if TYPE_CHECKING:
    from recipe_sweep.sweep.locks.stop import StopRequests

BEAT_S = number_from_environment("RECIPE_SWEEP_STORE_EVERY_S", 10.0, 0.01, 86_400.0)
"""Seconds between two looks for what is new."""
PATIENCE_S = 600.0
A_WHILE_S = 3.0
AT_ONCE = 8

SWEEP_FILE = "sweep.json"
NOTHING: Mapping[str, Path] = MappingProxyType({})
ONCE = ("packs", "search", "launches")
"""Directories of files whose names must be new; results follow when these and all others are there."""
BULKY = ("checkpoints", "weights")
"""Directories of large files, whose names no two attempts share or whose content says whether it is whole."""
TAKEN_BACK = ("packs/", "checkpoints/")
"""What a launch may remove again: records that were withdrawn, checkpoints that nothing can resume from."""


def fetch(store: Store, paths: SweepPaths, checkpoints: bool = True) -> int:
    """Bring into the sweep's directory what it lacks of what is stored; returns how many files. Raises StoreError.

    Results come last, so that a directory whose fetching was cut off lacks results and never what these speak of. One that is
    here already gives way to another that was stored first. Without `checkpoints`: all that a reader needs.
    """
    folders = (SWEEP_FILE, *ONCE, *(folder for folder in BULKY if checkpoints or folder != "checkpoints"), "results")
    known = _known(paths)
    wanted = sorted((folders.index(folder), key) for key in store.keys("") if (folder := key.split("/")[0]) in folders)
    lacking = [(rank, key) for rank, key in wanted if _lacks(paths, key, known)]

    def one(ranked: tuple[int, str]) -> bool:
        key = ranked[1]
        fetched = store.fetch(key, inside(paths.root, key))
        if fetched:
            _remember(paths, key)
        return fetched

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(sum(pool.map(one, keys)) for _, keys in itertools.groupby(lacking, key=lambda ranked: ranked[0]))


class Keeper:
    """Carries a sweep's truth to its store, for one launch that has its lease."""

    def __init__(self, store: Store, paths: SweepPaths, lease: StoreLease, datasets: Mapping[str, Path] = NOTHING) -> None:
        self._store, self._paths, self._lease, self._datasets = store, paths, lease, datasets
        self._stored: set[str] = set(store.keys())
        self._sweep_file = b""

    def carry(self) -> int:
        """Store what is new; returns how many files were. Raises StoreError, LeaseLostError."""
        results = dict(_files(self._paths, "results"))
        done = {Path(key).stem for key in (*results, *self._stored) if key.startswith("results/")}
        present = {
            key: path for folder in (*ONCE, *BULKY) for key, path in _files(self._paths, folder) if not _spent(key, done)
        }
        new = [(key, path) for key, path in present.items() if key not in self._stored]
        finished = [(key, path) for key, path in results.items() if key not in self._stored]
        gone = [key for key in self._stored if key.startswith(TAKEN_BACK) and key not in present]
        lock_file = self._paths.lock_file
        sweep_file = lock_file.read_bytes() if lock_file.exists() else self._sweep_file  # A launch that failed has none yet.
        datasets = [content for content in self._datasets if card_key(content) not in self._stored]
        if not (new or finished or gone or datasets or sweep_file != self._sweep_file):
            return 0
        self._lease.check()
        if sweep_file != self._sweep_file:
            self._store.replace(SWEEP_FILE, lock_file)
            self._sweep_file = sweep_file
            _remember(self._paths, SWEEP_FILE)
        carried = sum(self._carry(key, path) for key, path in new)
        if finished:
            self._lease.check()  # Large files may have taken long.
            carried += sum(self._carry(key, path) for key, path in finished)
        for key in gone:
            self._store.remove(key)
            self._stored.discard(key)
        for content in datasets:
            self._lease.check()
            with suppress(FileNotFoundError):  # Somebody removed it; what trains on it has it open.
                store_dataset(self._store, content, self._datasets[content])
            self._stored.add(card_key(content))  # Or given up.
        return carried + len(datasets)

    def _carry(self, key: str, path: Path) -> bool:
        created = True
        try:
            if key.startswith(BULKY):
                self._store.replace(key, path)
            else:
                created = self._store.create(key, path)
        except FileNotFoundError:
            return False  # A checkpoint that has gone meanwhile.
        if not created and key.startswith("results/"):
            self._store.fetch(key, path)  # Another launch was first, and its row counts everywhere.
        self._stored.add(key)
        _remember(self._paths, key)
        return created


@contextmanager
def kept(
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
    over, left = threading.Event(), threading.Event()
    failure: list[RecipeSweepError] = []

    def beat() -> None:
        while not left.wait(BEAT_S):
            with suppress(RecipeSweepError, OSError):  # The other thread says what is wrong.
                lease.renew(epoch())
                lease.beat()

    def carry(keeper: Keeper) -> None:
        while not left.is_set():
            last = over.wait(BEAT_S)
            try:
                keeper.carry()
                lease.check()
                if failure:
                    tell(f"the store {store.address} answers again")
                failure.clear()
                if last:
                    lease.end()
                    return
            except (LeaseLostError, StoreKeyError) as error:  # Waiting would change nothing.
                failure[:] = [error]
                asked.ask()
                return
            except (RecipeSweepError, OSError) as error:
                if not failure:
                    tell(f"{_sentence(error)}; what is new waits in {paths.root}")
                failure[:] = [error if isinstance(error, RecipeSweepError) else StoreError(str(error))]
                left.wait(BEAT_S if last else 0.0)

    threading.Thread(target=beat, name="store-heartbeat", daemon=True).start()
    try:
        keeper = Keeper(store, paths, lease, datasets)
        fetch(store, paths)  # What was stored between the first look and the lease.
        carrying = threading.Thread(target=carry, args=(keeper,), name="store", daemon=True)
        carrying.start()
        try:
            yield
        finally:
            over.set()
            _wait_for(
                carrying, asked, lambda: tell(f"storing what is left at {store.address}; Ctrl-C leaves it to the next launch")
            )
            if carrying.is_alive() or failure:
                raise _unstored(failure, store, paths)
    finally:
        left.set()


def _wait_for(carrying: threading.Thread, asked: StopRequests, tell: Callable[[], None]) -> None:
    """Until all is stored, for ten minutes or until asked to stop once more; `tell` says so where it takes a while."""
    deadline, before = time.monotonic() + PATIENCE_S, asked.count
    carrying.join(A_WHILE_S)
    if carrying.is_alive():
        tell()
    while carrying.is_alive() and time.monotonic() < deadline and asked.count == before:
        carrying.join(0.1)


def _unstored(failure: list[RecipeSweepError], store: Store, paths: SweepPaths) -> RecipeSweepError:
    hint = f"\n  hint      what was done is in {paths.root}, and not in the store: the same command stores it"
    if not failure:
        return StoreError(f"the store {store.address} was not waited for{hint}")
    if isinstance(failure[0], StoreKeyError):
        return failure[0]
    kind = LeaseLostError if isinstance(failure[0], LeaseLostError) else StoreError
    return kind(f"{failure[0]}{hint}")


def check_links(paths: SweepPaths) -> None:
    """Refuse a sweep with a store in which a folder that is stored is a link. Raises StoreKeyError."""
    for folder in PATTERNS:
        inside(paths.root, folder)


def store_the_rest(store: Store, paths: SweepPaths) -> None:
    """Store what a launch before could not, or did without a store. Raises LeaseHeldError, LeaseLostError, StoreError."""
    sweep = read_sweep_file(paths)
    known = sweep is None or sweep.store == store.address
    if known and store.keys("results/") >= {key for key, _ in _files(paths, "results")}:
        return
    from recipe_sweep.sweep.locks.stop import stop_signals

    check_free(store, paths)
    with Lease.acquire(paths.lease) as lease, stop_signals() as asked, kept(store, paths, lambda: lease.epoch, asked, print):
        if sweep is not None and not known:
            write_sweep_file(paths, replace(sweep, store=store.address))


def fetch_to_read(store: Store, paths: SweepPaths) -> None:
    """Fetch all but checkpoints, unless a launch is at work in the directory, which knows better than the store."""
    try:
        launch = live_launch(paths.lease)
    except DamagedFileError as error:
        overlook(error)
        return
    if launch is None:
        fetch(store, paths, checkpoints=False)


def _lacks(paths: SweepPaths, key: str, known: Collection[str]) -> bool:
    """Whether what the store has is not here; of what may differ here, only what is known to be stored counts."""
    if not (paths.root / key).exists():
        return True
    if key == SWEEP_FILE:
        return _name(paths, key) in known  # Another may have written it anew; one that was not stored yet stays.
    return key.startswith("results/") and key not in known


def _known(paths: SweepPaths) -> frozenset[str]:
    """What is here as it is in the store."""
    try:
        return frozenset(read_regular(paths.stored_index, STORED).decode().splitlines())
    except FileNotFoundError:
        return frozenset()
    except UnicodeDecodeError:
        overlook(STORED.damaged(paths.stored_index, "no text"))
    except DamagedFileError as error:
        overlook(error)
    return frozenset()


def _remember(paths: SweepPaths, key: str) -> None:
    if key == SWEEP_FILE or key.startswith("results/"):
        paths.index.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            check_regular(paths.stored_index, STORED)
        with paths.stored_index.open("a") as file:
            file.write(f"{_name(paths, key)}\n")


def _name(paths: SweepPaths, key: str) -> str:
    return f"{key} {hashlib.sha256((paths.root / key).read_bytes()).hexdigest()}" if key == SWEEP_FILE else key


def _files(paths: SweepPaths, folder: str) -> Iterator[tuple[str, Path]]:
    root = paths.root / folder
    with suppress(FileNotFoundError):
        for path in sorted(root.rglob("*")):
            key = path.relative_to(paths.root).as_posix()
            hidden = path.name.startswith(".") or path.suffix in (TEMPORARY_SUFFIX, ".stop")
            if not hidden and is_ours(key) and inside(paths.root, key).is_file():
                yield key, path


def _spent(key: str, done: Collection[str]) -> bool:
    """Whether this is a checkpoint of a pack that is done."""
    folder, _, rest = key.partition("/")
    return folder == "checkpoints" and rest.partition("/")[0] in done


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
