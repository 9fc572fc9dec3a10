"""Large files of which parts have arrived. Each is hashed and flushed to the disk on the way, so that its end is quick.

A gate that was started again has forgotten the hashes. It then reads the files.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recipe_sweep.sweep.files.atomic import flush_to_disk

FLUSH_EVERY = 64 << 20
"""Bytes after which a file is flushed. A power cut may take the rest, because the file has no name yet."""
READ_AT_ONCE = 1 << 20


@dataclass
class _Begun:
    """The beginning of a file: how much of it is hashed, parts that came too early, bytes that are not flushed yet."""

    hashed: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    early: dict[int, int] = field(default_factory=dict)
    unflushed: int = 0

    def add(self, content: bytes) -> None:
        """Hash what follows."""
        self.sha256.update(content)
        self.hashed += len(content)


class Unfinished:
    """Files without their names. The parts of one file never arrive at the same moment, because its pack is locked."""

    def __init__(self) -> None:
        self._begun: dict[Path, _Begun] = {}

    def write(self, path: Path, offset: int, content: bytes) -> None:
        """Write a part. Any part may come twice, and before the one that it follows."""
        begun = self._begun.get(path, _Begun())
        self._begun[path] = begun = begun if offset >= begun.hashed else _Begun()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _write_all(descriptor, content, offset)
            begun.unflushed += len(content)
            if offset == begun.hashed:
                begun.add(content)
                while (size := begun.early.pop(begun.hashed, None)) is not None:
                    begun.add(os.pread(descriptor, size, begun.hashed))
            else:
                begun.early[offset] = len(content)
            if begun.unflushed >= FLUSH_EVERY:
                os.fdatasync(descriptor)
                begun.unflushed = 0
        finally:
            os.close(descriptor)

    def is_complete(self, path: Path, size: int, sha256: str) -> bool:
        """Say whether the file has this size and hash, and flush it if so. The file is not changed afterwards."""
        begun = self._begun.pop(path, _Begun())
        if size == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        if not path.is_file() or path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            file.seek(begun.hashed)
            while part := file.read(READ_AT_ONCE):
                begun.add(part)
        flush_to_disk(path)
        return bool(begun.sha256.hexdigest() == sha256)

    def remove(self, path: Path) -> None:
        """Remove a file that will not be finished."""
        self._begun.pop(path, None)
        path.unlink(missing_ok=True)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    """Write everything. On a disk that is almost full one call may write less, and says so only by its answer."""
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, memoryview(content)[written:], offset + written)
