"""Reads files of a sweep. Any of them may be damaged: by a disk, a copy or another program.

Only regular files are opened. Opening a FIFO would wait for ever, and a device may never end.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from recipe_sweep.sweep.files.kinds import FileKind
from recipe_sweep.sweep.units import megabytes

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

MOST_BYTES = 1 << 28
"""Size of a file that is read as a whole. Our largest, of a launch of 100,000 runs, has a twentieth of that."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

Content = TypeVar("Content")


def check_regular(path: Path, kind: FileKind) -> int:
    """Return the size of a regular file; links are followed. Raises FileNotFoundError, DamagedFileError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if not path.is_symlink():
            raise
        raise kind.damaged(path, f"a link to {ascii(os.readlink(path))[1:-1]}, which does not exist") from None
    except OSError as error:
        raise kind.refused(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise kind.damaged(path, special(found.st_mode))
    return found.st_size


def special(mode: int) -> str:
    """Name what a file is that is not a regular one."""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "no regular file")


def read_regular(path: Path, kind: FileKind) -> bytes:
    """Read a regular file. Raises FileNotFoundError, and DamagedFileError if it is anything else, or too large."""
    size = check_regular(path, kind)
    if size > MOST_BYTES:
        raise kind.damaged(path, f"a file of {megabytes(size)}")
    try:
        # The file may have been replaced by a FIFO since. O_NONBLOCK does not wait for its writer.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise kind.refused(path, error) from error


def read_log(path: Path, kind: FileKind) -> str:
    """Read a log; empty if there is none. The log may end in half a character. Raises DamagedFileError."""
    try:
        return read_regular(path, kind).decode(errors="replace")
    except FileNotFoundError:
        return ""


def read_json(path: Path, content: type[Content], kind: FileKind, known: int | None = None) -> Content:
    """Read a JSON file as a dataclass. Its fields must have the dataclass's types; unknown fields are ignored.

    `known` is the newest schema version that can be read. Raises FileNotFoundError if there is no file, and DamagedFileError if
    it is not such a file.
    """
    data = read_regular(path, kind)
    if not data.strip():
        raise kind.damaged(path, "an empty file" if not data else "a file of white space")
    from pydantic import ValidationError

    if known is not None and (version := _version(data)) is not None and version > known:
        raise kind.newer(path, version, known)
    try:
        read: Content = _adapter(content).validate_json(data, strict=True)  # type: ignore[arg-type]  # classes can be hashed
    except ValidationError as error:
        raise kind.damaged(path, _found(error)) from error
    return read


@contextmanager
def meaningful(path: Path, kind: FileKind) -> Iterator[None]:
    """Convert errors in interpreting a file's content to DamagedFileError."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
        raise kind.damaged(path, f"a file that makes no sense ({_text(error)})") from error


def _version(data: bytes) -> int | None:
    """Read the schema version that a file states; None if it states none."""
    from pydantic import ValidationError

    # Long files are not parsed twice: their version is at their beginning.
    if b'"schema_version"' not in data:
        return None
    try:
        stated = _adapter(dict[str, Any]).validate_json(data).get("schema_version") if len(data) < 1 << 16 else _late(data)
    except ValidationError:
        return None
    return stated if isinstance(stated, int) else None


def _late(data: bytes) -> int | None:
    """Read the version of a long file, from its beginning."""
    start = data[:200].partition(b'"schema_version"')[2].lstrip(b" :")
    digits = start[: len(start) - len(start.lstrip(b"0123456789"))]
    return int(digits) if digits else None


@functools.cache
def _adapter(content: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(content)


def _found(error: ValidationError) -> str:
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    first = mistakes[0]
    if first["type"] == "json_invalid":
        return f"no JSON ({first['msg'].removeprefix('Invalid JSON: ')[:200]})"
    place = ".".join(map(str, first["loc"]))[:80]
    more = f", and {len(mistakes) - 1} more mistakes" if len(mistakes) > 1 else ""
    return f"JSON of another kind ({f'{ascii(place)[1:-1]}: ' if place else ''}{first['msg'][:200]}{more})"


def _text(error: BaseException) -> str:
    """Return an error's message in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
