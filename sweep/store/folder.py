"""A store in a folder, on another disk or one that several machines share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, ClassVar

from recipe_sweep.sweep.errors import StoreError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX, publishing, replacing
from recipe_sweep.sweep.store.base import Address, wrong_address
from recipe_sweep.sweep.store.keys import checked, inside, ours


class FolderStore:
    """Objects are files. All machines that see the same folder see the same store."""

    example: ClassVar[str] = "file:///a/directory"

    @classmethod
    def at(cls, address: Address) -> FolderStore:
        if address.place or not address.parts:
            found = f"the directory {address.place + address.path!r}"
            raise wrong_address(address.text, found, "file:// and an absolute path, three slashes in a row")
        folder = Path(address.path)
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        if not nearest.is_dir():
            raise wrong_address(address.text, f"{nearest} is a file", "a directory, or a name that is free")
        return cls(folder)

    def __init__(self, folder: Path) -> None:
        self.address = f"file://{folder}"
        self.folder = folder

    def keys(self, prefix: str = "") -> frozenset[str]:
        with self._troubles():
            there = (path for path in self.folder.rglob("*") if path.suffix != TEMPORARY_SUFFIX)
            files = (path for path in there if path.is_symlink() or path.is_file())
            found = ours(self.address, (path.relative_to(self.folder).as_posix() for path in files), prefix)
        for key in found:
            inside(self.folder, key)
        return found

    def fetch(self, key: str, path: Path) -> bool:
        with self._troubles():
            there = self._path(key)
            if not there.exists():
                return False
            with replacing(path) as temporary:
                shutil.copyfile(there, temporary)
            return True

    def create(self, key: str, path: Path) -> bool:
        with path.open("rb") as source, self._troubles():
            try:
                with publishing(self._path(key)) as temporary:
                    _write(source, temporary)
            except FileExistsError:
                return False
            return True

    def replace(self, key: str, path: Path) -> None:
        with path.open("rb") as source, self._troubles(), replacing(self._path(key)) as temporary:
            _write(source, temporary)

    def remove(self, key: str) -> None:
        with self._troubles():
            self._path(key).unlink(missing_ok=True)

    def age_s(self, key: str) -> float | None:
        with self._troubles():
            path, now = self._path(key), self.folder / f".now.{os.getpid()}{TEMPORARY_SUFFIX}"
            if not path.exists():
                return None
            now.touch()  # Both times come from the clock of the folder's file system.
            try:
                return now.stat().st_mtime - path.stat().st_mtime
            finally:
                now.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return inside(self.folder, checked(self.address, key))

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"the store {self.address} could not be used: {error.strerror or error}") from error


def _write(source: BinaryIO, path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(source, file)
