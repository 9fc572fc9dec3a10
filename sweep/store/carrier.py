"""Copies what is new in a sweep's directory to its store, once for each call.

Results go last, so an interrupted copy is never inconsistent. A file whose name must be new is created and never replaced. So
if two launches did the same pack, the first one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.datasets import card_key, store_dataset
from recipe_sweep.sweep.store.lease import StoreLease
from recipe_sweep.sweep.store.stored_files import BULKY, ONCE, SWEEP_FILE, TAKEN_BACK, files_of, is_spent, remember_stored

NOTHING: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True)
class _New:
    """What one look found to do.

    `files` and `results` are keys with paths, `gone` are keys to remove, `datasets` are hashes.
    """

    files: tuple[tuple[str, Path], ...]
    results: tuple[tuple[str, Path], ...]
    gone: tuple[str, ...]
    datasets: tuple[str, ...]
    sweep_file: bytes


class Carrier:
    """Copies a sweep's files to its store while one launch has the lease. `datasets` are paths by hash of content."""

    def __init__(self, store: Store, paths: SweepPaths, lease: StoreLease, datasets: Mapping[str, Path] = NOTHING) -> None:
        self.store, self.paths = store, paths
        self._lease, self._datasets = lease, datasets
        self._stored: set[str] = set(store.keys())
        self._sweep_file = b""

    def carry(self) -> int:
        """Store what is new. Returns how many files were stored. Raises StoreError, LeaseLostError."""
        new = self._look()
        if not (new.files or new.results or new.gone or new.datasets or new.sweep_file != self._sweep_file):
            return 0
        self._lease.check()
        self._carry_sweep_file(new.sweep_file)
        carried = sum(self._carry(key, path) for key, path in new.files)
        if new.results:
            self._lease.check()  # Storing large files may have taken long.
            carried += sum(self._carry(key, path) for key, path in new.results)
        for key in new.gone:
            self.store.remove(key)
            self._stored.discard(key)
        for content in new.datasets:
            self._carry_dataset(content)
        return carried + len(new.datasets)

    def _look(self) -> _New:
        results = dict(files_of(self.paths, "results"))
        done = {Path(key).stem for key in (*results, *self._stored) if key.startswith("results/")}
        present = {
            key: path for folder in (*ONCE, *BULKY) for key, path in files_of(self.paths, folder) if not is_spent(key, done)
        }
        lock_file = self.paths.lock_file
        return _New(
            files=tuple((key, path) for key, path in present.items() if key not in self._stored),
            results=tuple((key, path) for key, path in results.items() if key not in self._stored),
            gone=tuple(
                key for key in self._stored if key.startswith(TAKEN_BACK) and not {key, _record_of(key)} & present.keys()
            ),
            datasets=tuple(content for content in self._datasets if card_key(content) not in self._stored),
            # A launch that failed has no sweep file yet.
            sweep_file=lock_file.read_bytes() if lock_file.exists() else self._sweep_file,
        )

    def _carry_sweep_file(self, content: bytes) -> None:
        if content != self._sweep_file:
            self.store.replace(SWEEP_FILE, self.paths.lock_file)
            self._sweep_file = content
            remember_stored(self.paths, SWEEP_FILE)

    def _carry(self, key: str, path: Path) -> bool:
        created = True
        try:
            if key.startswith("weights/") and self.store.age_s(key) is not None:
                created = False  # The worker stored them itself. No two attempts share a name.
            elif key.startswith(BULKY):
                self.store.replace(key, path)
            else:
                created = self.store.create(key, path)
        except FileNotFoundError:
            return False  # The checkpoint was removed meanwhile.
        if not created and key.startswith("results/"):
            self.store.fetch(key, path)  # Another launch was first, so its rows count everywhere.
        self._stored.add(key)
        remember_stored(self.paths, key)
        return created

    def _carry_dataset(self, content: str) -> None:
        self._lease.check()
        with suppress(FileNotFoundError):  # Somebody removed it. A process that trains on it still has it open.
            store_dataset(self.store, content, self._datasets[content])
        self._stored.add(card_key(content))  # Stored, or its files are gone; either way it is not tried again.


def _record_of(key: str) -> str:
    """Return the key of a checkpoint's record. Where packs travel by the store, it is here, and workers store the arrays."""
    return str(Path(key).with_suffix(".json"))
