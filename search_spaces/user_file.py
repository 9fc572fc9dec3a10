"""Reads a file that a user names, within bounds: a plain file of at most 1 MB, in UTF-8."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, UnreadableFileError

MOST_BYTES = 1_000_000
"""Size of a file that a person writes. The largest grid of this package has 8 kB."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_user_text(path: Path) -> str:
    """Read a plain file's text. It never waits, and reads no more than the bound.

    Raises UnreadableFileError.
    """
    try:
        return _bytes_of(path).decode("utf-8-sig")
    except FileNotFoundError:
        problem = Problem(str(path), found="no such file", expected="a YAML file", hint="check the path and its spelling")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), line, found=f"bytes that are no text ({error.reason})", expected="YAML in UTF-8")
    except OSError as error:
        problem = Problem(str(path), found=error.strerror or str(error), expected="a readable YAML file")
    raise UnreadableFileError(problem)


def _bytes_of(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a pipe waits for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no plain file")
            hint = None if stat.S_ISDIR(status.st_mode) else "write the text to a file and name that"
            raise UnreadableFileError(Problem(str(path), found=kind, expected="a YAML file", hint=hint))
        content = _read(descriptor)
    finally:
        os.close(descriptor)
    if len(content) > MOST_BYTES:
        size = max(status.st_size, len(content))
        hint = "write many seeds as a range such as 0-9999"
        problem = Problem(str(path), found=f"{size:,} bytes", expected=f"at most {MOST_BYTES:,} bytes", hint=hint)
        raise UnreadableFileError(problem)
    return content


def _read(descriptor: int) -> bytes:
    """Read all bytes, or one more than the bound."""
    parts: list[bytes] = []
    missing = MOST_BYTES + 1
    while missing and (part := os.read(descriptor, missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
