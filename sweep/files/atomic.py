"""Writes files in one step: no reader sees half of a file, and no crash leaves half of one.

A process may be killed between any two bytes that it writes, and another may be reading at that moment. So content goes to a
temporary name in the same directory. A rename across file systems would be a copy. It is flushed to the disk, because a power
cut could leave a renamed file empty. Then it takes its final name in one step of the file system.

Two such steps differ if the file already exists. With `replacing` the newest content wins; this is for state that is rewritten.
With `publishing` the first content wins; this is for results. `os.link` refuses an existing name, where `os.rename` would
silently overwrite it. So if two processes publish under one name, exactly one succeeds.

`move` renames a complete file, to put it aside or to withdraw it.
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
    """Yield a temporary path to write. On a clean exit it replaces `path`; on an error it is removed.

    A file that is not `lasting` is rewritten every few seconds. It is not flushed, so a power cut may leave it empty.
    """
    with _temporary(path) as temporary:
        yield temporary
        if lasting:
            flush_to_disk(temporary)
        temporary.replace(path)
    if lasting:
        flush_to_disk(path.parent)


@contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write; on a clean exit it becomes `path`.

    Raises FileExistsError if `path` already exists, and leaves it unchanged.
    """
    with _temporary(path) as temporary:
        yield temporary
        flush_to_disk(temporary)
        os.link(temporary, path)
    flush_to_disk(path.parent)


def finish(unfinished: Path, path: Path) -> None:
    """Give a file that was written in parts, and flushed, its name in the same directory. What is there is replaced."""
    unfinished.replace(path)
    flush_to_disk(path.parent)


def finish_new(unfinished: Path, path: Path) -> None:
    """Give such a file a name that must be new. Raises FileExistsError. `unfinished` stays."""
    os.link(unfinished, path)
    flush_to_disk(path.parent)


def move(path: Path, target: Path) -> None:
    """Give a file another name on the same disk, in one step. A file that already has that name is replaced."""
    path.replace(target)


def replace_json(path: Path, content: object, *, dense: bool = False) -> None:
    """Write JSON and replace what is there. Use `dense` for long content, because indenting takes ten times as long."""
    with replacing(path) as temporary:
        temporary.write_text(_to_json(content, dense))


def publish_json(path: Path, content: object, *, dense: bool = False) -> None:
    """Write JSON under a name that must be new; `dense` as in `replace_json`. Raises FileExistsError."""
    with publishing(path) as temporary:
        temporary.write_text(_to_json(content, dense))


def _to_json(content: object, dense: bool) -> str:
    layout: dict[str, Any] = {"separators": (",", ":")} if dense else {"indent": 1}
    return json.dumps(content, allow_nan=False, **layout) + "\n"


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # The parent is a file or a broken link. This must not look as if `path` existed.
        raise NotADirectoryError(errno.ENOTDIR, "no directory, or a link to none", str(path.parent)) from error
    temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Wait until a file, or a directory's list of names, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
