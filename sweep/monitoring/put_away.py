"""Removes a sweep, or packs it into one file. Both refuse while a launch is at work on it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recipe_sweep.search_spaces.errors import Problem, RecipeSweepError
from recipe_sweep.sweep.errors import DamagedFileError, LeaseHeldError, SweepDirectoryError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX, move, publishing
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import read_sweep_file
from recipe_sweep.sweep.locks.lease import Lease, live_launch
from recipe_sweep.sweep.monitoring.sweep_list import files_of, footprint
from recipe_sweep.sweep.results.done import read_done

SUFFIXES = (".tar.gz", ".tgz", ".tar.zst")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Belongings:
    """What is in a sweep: done runs, the CPU time that they took, and bytes. Runs are None if they cannot be read."""

    runs: int | None
    cpu_s: float
    size: int
    store: str | None


def belongings(paths: SweepPaths) -> Belongings:
    """Look at what is in a sweep. Damage is no error, because a damaged sweep may be put away, too."""
    size, store = footprint(paths.root).size, None
    with suppress(DamagedFileError):
        known = read_sweep_file(paths)
        store = None if known is None else known.store
    try:
        done = read_done(paths)
    except RecipeSweepError:
        return Belongings(None, 0.0, size, store)
    return Belongings(len(done.file_of), sum(file.cpu_s for file in done.files), size, store)


def check_idle(paths: SweepPaths) -> None:
    """Raise LeaseHeldError if a launch is at work on the sweep."""
    launch = live_launch(paths.lease)
    if launch is not None:
        found = f"a launch at work: host {launch.process.host}, pid {launch.process.pid}"
        hint = "stop it with `recipe-sweep cancel`"
        raise LeaseHeldError(Problem(str(paths.root), found=found, expected="a sweep at rest", hint=hint))


def remove(paths: SweepPaths, tell: Callable[[str], None]) -> None:
    """Remove a sweep's directory. No launch can begin meanwhile. Raises LeaseHeldError, and SweepDirectoryError for a link."""
    if paths.root.is_symlink():
        found = f"a link to {paths.root.readlink()}"
        raise SweepDirectoryError(Problem(str(paths.root), found=found, expected="the directory itself"))
    root = paths.root.resolve()  # A root such as `.` has no name.
    linked = [(path.name, path.resolve()) for path in root.iterdir() if path.is_symlink() and path.is_dir()]
    check_idle(paths)
    aside = root.with_name(f".{root.name}.removed-{os.getpid()}")
    lease = Lease.acquire(paths.lease, tell)
    try:
        move(root, aside)  # It is gone at once, so no command ever sees a half-removed sweep.
    finally:
        with suppress(FileNotFoundError):
            lease.release()
    shutil.rmtree(aside)
    for name, place in linked:
        tell(f"{place} stays, because {name}/ was only a link to it")


def archive(paths: SweepPaths, target: Path) -> int:
    """Pack a sweep into a new file and read it again; return the number of files in it.

    Ray's own files and unfinished ones are left out.

    Raises LeaseHeldError if a launch is at work. Raises SweepDirectoryError for another suffix or an existing file, or if the
    archive does not hold what was written.
    """
    if not target.name.endswith(SUFFIXES):
        raise SweepDirectoryError(
            Problem(f"-o {target}", found=f"the name {target.name}", expected=f"a name that ends in {', '.join(SUFFIXES)}")
        )
    check_idle(paths)
    if target.resolve().is_relative_to(paths.root.resolve()):
        expected = "a place outside it, because the sweep may be removed afterwards"
        raise SweepDirectoryError(Problem(f"-o {target}", found="a place inside the sweep", expected=expected))
    if target.exists():
        raise SweepDirectoryError(Problem(f"-o {target}", found="a file that is there already", expected="a name that is free"))
    with publishing(target) as temporary:
        compressed = target.name.endswith(".tar.zst")
        with _opened(temporary, compressed, "w") as file:
            written = _write(paths.root, file)
        with _opened(temporary, compressed, "r") as file:
            _compare(target, written, file)
        check_idle(paths)
    return len(written)


def _write(root: Path, file: tarfile.TarFile) -> Mapping[str, str]:
    """Write every file of a sweep; return their hashes by name."""
    hashes = {}
    for path in sorted(files_of(root)):
        inside = path.relative_to(root)
        if inside.parts[0] == "ray" or path.name.endswith(TEMPORARY_SUFFIX) or not path.is_file():
            continue
        name = str(Path(root.resolve().name) / inside)
        with path.open("rb") as content:
            entry = file.gettarinfo(arcname=name, fileobj=content)
            hashed = _Hashed(content)
            file.addfile(entry, hashed)
            hashes[name] = hashed.digest
    return hashes


def _compare(target: Path, written: Mapping[str, str], file: tarfile.TarFile) -> None:
    found = {entry.name: _digest(content) for entry in file if (content := file.extractfile(entry)) is not None}
    if found != written:
        problem = Problem(str(target), found="an archive that does not hold what was written", expected="the same bytes")
        raise SweepDirectoryError(problem)


class _Hashed:
    """A file that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._hash.update(content)
        return content

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _digest(content: IO[bytes]) -> str:
    hashed = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        hashed.update(chunk)
    return hashed.hexdigest()


@contextmanager
def _opened(path: Path, zstandard: bool, mode: str) -> Iterator[tarfile.TarFile]:
    """Open a tar file as a stream, compressed by gzip or Zstandard. Two names of one file are two files in it."""
    if not zstandard:
        with tarfile.open(str(path), f"{mode}|gz", dereference=True) as file:  # type: ignore[call-overload]
            yield file
        return
    import pyarrow as pa

    stream: Any = pa.output_stream(path, compression="zstd") if mode == "w" else pa.input_stream(path, compression="zstd")
    with stream, tarfile.open(fileobj=stream, mode=f"{mode}|", dereference=True) as file:  # type: ignore[call-overload]
        yield file
