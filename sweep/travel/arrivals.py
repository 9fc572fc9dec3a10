"""Puts what workers send into the sweep's directory: small files at once, large ones in parts that become a file at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.errors import AlreadyPublishedError, TravelError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX, finish, finish_new, replacing
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.locks.lease import permission_to_publish
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.travel.names import CHECKPOINTS
from recipe_sweep.sweep.travel.unfinished import Unfinished


@dataclass(frozen=True)
class Landed:
    """A file as its sender knows it."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Landed:
        """Read size and hash of a file."""
        return cls(path.stat().st_size, sha256_of(path))


class Arrivals:
    """Files that workers of one launch send. Names were checked before; packs are never worked on by two at once."""

    def __init__(self, settings: LaunchSettings, *, by_store: bool) -> None:
        self._settings, self._paths = settings, settings.paths
        self._unfinished = Unfinished()
        self._store = open_store(settings.store) if by_store and settings.store is not None else None

    def put(self, name: str, content: bytes, *, lasting: bool) -> None:
        """Write a small file in one step."""
        with replacing(self._paths.root / name, lasting=lasting) as temporary:
            temporary.write_bytes(content)

    def write(self, pack_id: str, name: str, offset: int, content: bytes) -> None:
        """Write a part of a file under a temporary name."""
        self._unfinished.write(self._path_of(pack_id, name), offset, content)

    def commit(self, pack_id: str, name: str, landed: Landed) -> None:
        """Give a complete file its name, in place of the one before. Raises OSError if it is not what was sent."""
        path, unfinished = self._paths.root / name, self._path_of(pack_id, name)
        if not unfinished.exists() and _is(path, landed):
            return  # The answer was lost, so it is asked again.
        self._complete(unfinished, landed)
        finish(unfinished, path)

    def fetch(self, pack_id: str, name: str, landed: Landed) -> None:
        """Copy a file that its sender has put into the store, under a temporary name. Raises OSError if it is another."""
        if self._store is None:
            raise TravelError("a file was sent to a store, and this launch has none")
        unfinished = self._path_of(pack_id, name)
        if not self._store.fetch(name, unfinished) or not _is(unfinished, landed):
            unfinished.unlink(missing_ok=True)
            raise OSError(f"{name} in the store is not what was sent")

    def finish_fetched(self, pack_id: str, name: str) -> None:
        """Give a file that was fetched its name."""
        finish(self._path_of(pack_id, name), self._paths.root / name)

    def publish(self, pack_id: str, rows: Landed, weights: str | None) -> None:
        """Give complete rows the pack's name, which must be new, while no other launch has taken over the sweep."""
        path = self._paths.pack_result(pack_id)
        unfinished = self._path_of(pack_id, f"results/{path.name}")
        published = False
        try:
            if not unfinished.exists() and _is(path, rows):
                published = True  # The answer was lost, so it is asked again.
                return
            with permission_to_publish(self._paths.lease, self._settings.epoch):
                self._complete(unfinished, rows)
                finish_new(unfinished, path)
            published = True
        except FileExistsError as error:
            published = _is(path, rows)
            if not published:
                raise AlreadyPublishedError(f"pack {pack_id} was published before; this attempt is dropped") from error
        finally:
            self._unfinished.remove(unfinished)
            if weights is not None and not published:
                (self._paths.root / weights).unlink(missing_ok=True)

    def keep_checkpoints(self, pack_id: str, kept: Sequence[str]) -> None:
        """Remove all checkpoint files of a pack but these, here and in a store to which workers write."""
        folder = self._paths.pack_checkpoint(pack_id)
        for path in sorted(folder.glob("[!.]*")) if folder.is_dir() else ():
            if path.name not in kept:
                path.unlink(missing_ok=True)
        if self._store is None:
            return
        prefix = f"{CHECKPOINTS}{pack_id}/"
        for key in self._store.keys(prefix):
            if key.removeprefix(prefix) not in kept:
                self._store.remove(key)

    def forget(self, pack_id: str) -> None:
        """Remove files that were begun and not finished."""
        for folder in (self._paths.pack_checkpoint(pack_id), self._paths.weights, self._paths.results):
            for path in folder.glob(f".{pack_id}.*{ARRIVING}") if folder.is_dir() else ():
                self._unfinished.remove(path)

    def _complete(self, unfinished: Path, landed: Landed) -> None:
        if not self._unfinished.is_complete(unfinished, landed.size, landed.sha256):
            unfinished.unlink(missing_ok=True)
            raise OSError(f"{unfinished.name}: what arrived is not what was sent")

    def _path_of(self, pack_id: str, name: str) -> Path:
        path = self._paths.root / name
        return path.with_name(f".{pack_id}.{path.name}{ARRIVING}")


ARRIVING = f".arriving{TEMPORARY_SUFFIX}"


def sha256_of(path: Path) -> str:
    """Compute the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is(path: Path, landed: Landed) -> bool:
    return path.is_file() and path.stat().st_size == landed.size and sha256_of(path) == landed.sha256
