"""Which datasets a launch has already read on this node, so that its other workers need not read them again.

The cache only saves time. An entry that is damaged or cannot be trusted is ignored, and the dataset is read. Entries are valid
for one launch. So the next launch at the latest finds a change that kept sizes and times.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from recipe_sweep.trainers.data.stored.file_lock import locked

_LARGEST_BYTES = 65_536
_OLDEST_S = 7 * 24 * 3600.0
_SETTLED_S = 0.05
"""Seconds in which a file may change again without a new time of change (one tick of the clock)."""

_LAUNCH_ID = re.compile(r"[0-9a-f]{32}")

Stamps = dict[str, list[int]]
"""Stamps of every file by name: size, two times of change in nanoseconds, inode and device."""


@dataclass(frozen=True)
class ReadingCache:
    """The readings of one launch on this node. Every launch has a new `launch_id`."""

    launch_id: str

    def known(self, directory: Path) -> str | None:
        """Return the fingerprint that this launch found in these same files; None if they must be read."""
        try:
            path = self._file(directory)
            if path is None or path.is_symlink() or path.stat().st_size > _LARGEST_BYTES:
                return None
            content = json.loads(path.read_text(encoding="utf-8"))
            found = content["fingerprint"]
            same = (content["launch"], content["directory"], content["files"]) == (
                self.launch_id,
                str(directory.resolve()),
                stamps(directory),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return found if same and isinstance(found, str) else None

    def remember(self, directory: Path, read: Stamps, fingerprint: str) -> None:
        """Store the fingerprint of files that had the stamps `read` before reading. Store nothing if they changed since."""
        newest = max((max(mtime, ctime) for _, mtime, ctime, _, _ in read.values()), default=0)
        if newest / 1e9 > time.time() - _SETTLED_S or read != stamps(directory):
            return
        content = {
            "launch": self.launch_id,
            "directory": str(directory.resolve()),
            "files": read,
            "fingerprint": fingerprint,
        }
        with suppress(OSError):
            path = self._file(directory)
            if path is not None:
                unfinished = path.with_suffix(f".{uuid4().hex}")
                unfinished.write_text(json.dumps(content), encoding="utf-8")
                unfinished.replace(path)
                _remove(_is_old)  # On this node perhaps no launch ends that would do it.

    @contextmanager
    def alone(self, directory: Path, waiting: Callable[[], None]) -> Iterator[None]:
        """Let one worker of this node read at a time, so that the others find an entry. Call `waiting` before a wait."""
        try:
            path = self._file(directory)
        except OSError:
            path = None
        if path is None:
            yield
            return
        with locked(path.with_suffix(".lock"), waiting):
            yield

    def forget(self) -> None:
        """Remove this launch's entries on this node, and entries of other launches that are older than a week."""
        if not _LAUNCH_ID.fullmatch(self.launch_id):
            return
        with suppress(OSError):
            _remove(lambda path: path.name.startswith(self.launch_id) or _is_old(path))

    def _file(self, directory: Path) -> Path | None:
        if not _LAUNCH_ID.fullmatch(self.launch_id):  # It becomes a file's name, and may come from a file that others wrote.
            return None
        place = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]
        return _own_directory() / f"{self.launch_id}-{place}.json"


def stamps(directory: Path) -> Stamps:
    """Read the stamps of a dataset's files. They include the inode's time of change, because no user can set it back."""
    found = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            status = entry.stat()
            found[entry.name] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]
    return found


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _OLDEST_S


def _remove(wanted: Callable[[Path], bool]) -> None:
    for path in _own_directory().iterdir():
        with suppress(OSError):
            if wanted(path):
                path.unlink()


def _own_directory() -> Path:
    """Make a directory on this node's own disk that only this user can use. Raises OSError if that fails."""
    root = Path(tempfile.gettempdir()) / f"recipe-sweep-readings-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if root.is_symlink() or not root.is_dir() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{root} belongs to somebody else, or others may write there")
    return root
