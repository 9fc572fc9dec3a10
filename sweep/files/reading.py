"""Reads files of a sweep, in which anything may stand: a disk, a copy or another program may have damaged each of them.

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
"""Of a file that is read as a whole; the largest of ours, of a launch of 100,000 runs, have a twentieth of that."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

Content = TypeVar("Content")


def check_regular(path: Path, kind: FileKind) -> int:
    """Return the size of a regular file, or of one that a link leads to. Raises FileNotFoundError, DamagedFileError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if not path.is_symlink():
            raise
        raise kind.damaged(path, f"a link to {ascii(os.readlink(path))[1:-1]}, which is not there") from None
    except OSError as error:
        raise kind.refused(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise kind.damaged(path, special(found.st_mode))
    return found.st_size


def special(mode: int) -> str:
    """What a file that is not a regular one is."""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "no regular file")


def read_regular(path: Path, kind: FileKind) -> bytes:
    """Read a regular file. Raises FileNotFoundError, and DamagedFileError where it is anything else, or too large."""
    size = check_regular(path, kind)
    if size > MOST_BYTES:
        raise kind.damaged(path, f"a file of {megabytes(size)}")
    try:
        # It may have been replaced since: not even then may a FIFO be waited for.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise kind.refused(path, error) from error


def read_log(path: Path, kind: FileKind) -> str:
    """Read a log, of which the end may be half a character; nothing where there is none. Raises DamagedFileError."""
    try:
        return read_regular(path, kind).decode(errors="replace")
    except FileNotFoundError:
        return ""


def read_json(path: Path, content: type[Content], kind: FileKind, known: int | None = None) -> Content:
    """Read a JSON file as a dataclass, whose fields' types it must have; fields that the dataclass lacks are ignored.

    `known` is the newest schema version that can be read. Raises FileNotFoundError where there is no file, DamagedFileError
    where it is anything else than such a file.
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
    """Turn what making sense of a file's content raises into DamagedFileError."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
        raise kind.damaged(path, f"a file that makes no sense ({_text(error)})") from error


def _version(data: bytes) -> int | None:
    """The schema version that a file states; None where it states none."""
    from pydantic import ValidationError

    # Nearly all files have it near their beginning or end, and few are long: they are looked through, not parsed twice.
    if b'"schema_version"' not in data:
        return None
    try:
        stated = _adapter(dict[str, Any]).validate_json(data).get("schema_version") if len(data) < 1 << 16 else _late(data)
    except ValidationError:
        return None
    return stated if isinstance(stated, int) else None


def _late(data: bytes) -> int | None:
    """The same of a long file, whose version is at its beginning."""
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
    """An error's message, in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
