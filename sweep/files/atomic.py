"""Writing a file so that no reader, and no crash, ever meets half of it.

A process may be killed between any two bytes it writes, and another may be reading at that moment. So content goes to a
temporary name in the same directory (a rename across file systems would be a copy), is flushed to the disk (else a power
cut can leave a renamed but empty file), and takes its final name in one step of the file system.

Two such steps differ in what they do to a file that is already there. `replacing` lets the newest content win, for state
that is rewritten. `publishing` lets the first win, for results: `os.link` refuses an existing name where `os.rename` would
silently overwrite it, so of two processes that publish under one name exactly one succeeds.

`move` gives a file that is whole already another name: to put it aside, or to withdraw it.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def replacing(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """Yield a temporary path to write; on a clean exit it takes the place of `path`, on an error it is removed.

    What is not `lasting`, because it is written anew every few seconds, is not flushed: a power cut may leave it empty.
    """
    with _temporary(path) as temporary:
        yield temporary
        if lasting:
            _flush_to_disk(temporary)
        temporary.replace(path)
    if lasting:
        _flush_to_disk(path.parent)


@contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write; on a clean exit it becomes `path`.

    Raises FileExistsError where `path` is already there, which is then left as it was.
    """
    with _temporary(path) as temporary:
        yield temporary
        _flush_to_disk(temporary)
        os.link(temporary, path)
    _flush_to_disk(path.parent)


def move(path: Path, target: Path) -> None:
    """Give a file another name on the same disk, in one step; a file that has that name already gives way."""
    path.replace(target)


def replace_json(path: Path, content: object, *, dense: bool = False) -> None:
    """Write JSON, replacing what is there; `dense` for what is long: indented, it takes ten times the time."""
    with replacing(path) as temporary:
        temporary.write_text(_to_json(content, dense))


def publish_json(path: Path, content: object, *, dense: bool = False) -> None:
    """Write JSON under a name that must be new; `dense` as above. Raises FileExistsError."""
    with publishing(path) as temporary:
        temporary.write_text(_to_json(content, dense))


def _to_json(content: object, dense: bool) -> str:
    layout: dict[str, Any] = {"separators": (",", ":")} if dense else {"indent": 1}
    return json.dumps(content, allow_nan=False, **layout) + "\n"


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # A file, or a link to nowhere: not to be taken for `path` being there.
        raise NotADirectoryError(errno.ENOTDIR, "no directory, or a link to none", str(path.parent)) from error
    temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
