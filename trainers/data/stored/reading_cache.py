"""Which datasets a launch has read on this node already, so that its other workers need not read them again.

It is a speed-up and nothing else: what cannot be trusted or understood in it is ignored, and the dataset is read. It holds
for one launch, so a change that left size and time as they were is found by the next launch at the latest.
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
"""Files that changed less than this ago may change again within one tick of the file system's clock."""

_LAUNCH_ID = re.compile(r"[0-9a-f]{32}")

Stamps = dict[str, list[int]]
"""Size, times of change in nanoseconds, inode and device of every file, by name."""


@dataclass(frozen=True)
class ReadingCache:
    """The readings of one launch on this node; `launch_id` is new in every launch."""

    launch_id: str

    def known(self, directory: Path) -> str | None:
        """The fingerprint that was found in these very files in this launch; None where they must be read."""
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
        """Keep what was found in files that had the stamps `read` before; nothing where they changed meanwhile."""
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

    @contextmanager
    def alone(self, directory: Path, waiting: Callable[[], None]) -> Iterator[None]:
        """Let one worker of this node read at a time, so that the others find it read; `waiting` is called before a wait."""
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
        """Remove what this launch kept on this node, and what others left long ago."""
        if not _LAUNCH_ID.fullmatch(self.launch_id):
            return
        with suppress(OSError):
            for path in _own_directory().iterdir():
                with suppress(OSError):
                    if path.name.startswith(self.launch_id) or time.time() - path.stat().st_mtime > _OLDEST_S:
                        path.unlink()

    def _file(self, directory: Path) -> Path | None:
        if not _LAUNCH_ID.fullmatch(self.launch_id):  # It becomes a file's name, and may come from a file of others.
            return None
        place = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]
        return _own_directory() / f"{self.launch_id}-{place}.json"


def stamps(directory: Path) -> Stamps:
    """The stamps of a dataset's files. The time of an inode's change is one of them, because nobody can set it back."""
    found = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            status = entry.stat()
            found[entry.name] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]
    return found


def _own_directory() -> Path:
    """A directory on this node's own disk that is this user's alone. Raises OSError where there is none."""
    root = Path(tempfile.gettempdir()) / f"recipe-sweep-readings-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if root.is_symlink() or not root.is_dir() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{root} belongs to somebody else, or others may write there")
    return root
