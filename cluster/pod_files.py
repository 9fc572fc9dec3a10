"""Copies a directory through a pipe: what differs, file by file, in the format of tar. Both sides run this code.

The side that gets files says first what it has, in one line of JSON. So an interrupted copy goes on where it was, and a copy
every few seconds moves only what is new. A file gets its name when it is whole. Results come last, because they are the truth.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

MOST_BYTES = 256_000_000
"""Bytes of one copy, unless a single file is larger. The rest is left for the next one."""
_END = ".end"
_MTIME = "RECIPE_SWEEP.mtime_ns"
_UNFINISHED = ".incoming"
_LAST = "results"


class IncompleteCopyError(Exception):
    """A copy ended before its end, or is no copy."""


class Stamp(NamedTuple):
    """By what a changed file is noticed: its size in bytes and when it was written, in nanoseconds."""

    size: int
    mtime_ns: int


def listed(root: Path, without: Sequence[str] = ()) -> dict[str, Stamp]:
    """List the files below a directory by their names there, without some entries of it. No directory has no files."""
    found = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name not in without]
            names = [name for name in names if name not in without]
        for path in (Path(folder, name) for name in names if not name.endswith(_UNFINISHED)):
            stamp = _stamp(path)
            if stamp is not None:
                found[path.relative_to(root).as_posix()] = stamp
    return found


def as_line(files: Mapping[str, Stamp]) -> str:
    """Write a listing as one line."""
    return json.dumps(files)


def of_line(line: str) -> dict[str, Stamp]:
    """Read a listing. Raises IncompleteCopyError."""
    try:
        return {name: Stamp(*stamp) for name, stamp in json.loads(line).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise IncompleteCopyError(f"no list of files, but {line[:200]!r}") from error


def pack(root: Path, has: Mapping[str, Stamp], without: Sequence[str], out: IO[bytes]) -> int:
    """Write the files that the other side does not have, or has differently. Returns how many are left for the next copy."""
    changed = [name for name, stamp in listed(root, without).items() if has.get(name) != stamp]
    changed.sort(key=lambda name: (PurePosixPath(name).parts[0] == _LAST, name))
    written, left = 0, 0
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for number, name in enumerate(changed):
            if written >= MOST_BYTES:
                left = len(changed) - number
                break
            written += _add(tar, root, name)
        end = json.dumps(left).encode()
        info = tarfile.TarInfo(_END)
        info.size = len(end)
        tar.addfile(info, BytesIO(end))
    return left


def unpack(root: Path, source: IO[bytes]) -> int:
    """Write what `pack` sent, and return how many files are left for the next copy. Raises IncompleteCopyError, OSError."""
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None or not _is_below(member.name):
                    raise IncompleteCopyError(f"{member.name} is no file of a sweep")
                if member.name == _END:
                    return int(content.read())
                _write(root / member.name, content, int(member.pax_headers[_MTIME]))
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise IncompleteCopyError(f"the copy ended too early: {error}") from error
    raise IncompleteCopyError("the copy ended too early")


def _stamp(path: Path) -> Stamp | None:
    """Return the stamp of a file; None for a link, and for a file that has just been removed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns) if path.is_file() and not path.is_symlink() else None


def _add(tar: tarfile.TarFile, root: Path, name: str) -> int:
    """Add one file as it is now, and return its bytes. A file that has just been removed is left out."""
    try:
        file = (root / name).open("rb")
    except FileNotFoundError:
        return 0
    with file:
        found = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.pax_headers = found.st_size, {_MTIME: str(found.st_mtime_ns)}
        tar.addfile(info, file)  # A log that grows meanwhile is cut at this size; its rest comes with the next copy.
    return info.size


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _write(path: Path, content: IO[bytes], mtime_ns: int) -> None:
    """Write a file that has its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            shutil.copyfileobj(content, file)
        os.utime(unfinished, ns=(mtime_ns, mtime_ns))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def main(words: Sequence[str] | None = None) -> int:
    """Do one side's part in a pod: `list DIR`, `pack DIR` or `unpack DIR`. Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("list", "pack", "unpack"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--without", nargs="*", default=())
    given = parser.parse_args(words)
    try:
        if given.what == "list":
            print(as_line(listed(given.directory, given.without)))
        elif given.what == "unpack":
            unpack(given.directory, sys.stdin.buffer)
        elif not given.directory.is_dir():
            raise IncompleteCopyError(f"{given.directory} is no directory")
        else:
            pack(given.directory, of_line(sys.stdin.readline()), given.without, sys.stdout.buffer)
    except (IncompleteCopyError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
