"""What can become of a file: the ways in which tests damage one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def _put(content: bytes) -> Callable[[Path], None]:
    return lambda path: _replace(path, lambda new: new.write_bytes(content))


def _replace(path: Path, make: Callable[[Path], object]) -> None:
    if path.exists() or path.is_symlink():
        path.unlink()
    make(path)


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _foreign_parquet(path: Path) -> None:
    _replace(path, lambda new: pq.write_table(pa.table({"keep": ["x"], "a": [1]}), new))


def _another(path: Path) -> None:
    """Put a sound file of the same kind in its place, that of another pack or launch."""
    others = sorted(other for other in path.parent.glob(f"*{path.suffix}") if other != path)
    _replace(path, lambda new: shutil.copy(others[0], new)) if others else _put(b'{"name": "another"}')(path)


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "empty": _put(b""),
    "truncated": _truncate,
    "garbage": _put(bytes(range(256)) * 8),
    "a list": _put(b"[]\n"),
    "a number": _put(b"7\n"),
    "null": _put(b"null\n"),
    "nested 100,000 deep": _put(b"[" * 100_000),
    "objects nested 100,000 deep": _put(b'{"a":' * 100_000),
    "foreign JSON": _put(b'{"a": 1, "schema_version": 1, "run_ids": 3, "process": [], "packs": {}, "epoch": "x"}'),
    "zeros": _put(bytes(4096)),
    "foreign Parquet": _foreign_parquet,
    "FIFO": lambda path: _replace(path, os.mkfifo),
    "directory": lambda path: _replace(path, Path.mkdir),
    "link to nowhere": lambda path: _replace(path, lambda new: new.symlink_to("/nowhere/at/all")),
    "link to itself": lambda path: _replace(path, lambda new: new.symlink_to(new)),
    "link to an endless device": lambda path: _replace(path, lambda new: new.symlink_to("/dev/zero")),
}
