"""Names the code that makes a result, and keeps its source in the sweep: `code/<version>.tar.gz`, once for each version.

The archive is for people. No code of ours unpacks or imports it. It holds the package's own files only, and two archives of one
source have the same bytes.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from recipe_sweep.sweep.files.atomic import publishing
from recipe_sweep.sweep.files.kinds import CODE
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import read_regular

PACKAGE = "recipe_sweep"
_ROOT = Path(__file__).resolve().parents[2]
_TRAINING_CODE = ("search_spaces", "trainers")
"""The folders whose source shapes numbers."""

_PLACES = {(PACKAGE, folder) for folder in _TRAINING_CODE}

_FILES = (
    ("analysis", "**/*.py"),
    ("analysis", "report/templates/*"),
    ("cluster", "**/*.py"),
    ("cluster", "*.yaml"),
    ("cluster", "backends/*.sh"),
    ("search_spaces", "**/*.py"),
    ("search_spaces", "grids/*.yaml"),
    ("sweep", "**/*.py"),
    ("trainers", "**/*.py"),
    ("trainers", "*.csv"),
    ("trainers", "behaviour/policies/**/*"),
)
"""The package's files by folder: those of a wheel."""

MOST_BYTES = 1 << 26
"""Bytes of an unpacked archive. Ours have a tenth of that."""


class Source(NamedTuple):
    """One file of the package, with its path inside the package."""

    path: PurePosixPath
    content: bytes


@functools.cache
def code_version() -> str:
    """Compute the release plus a hash of the source that shapes numbers. Edited code so has another version."""
    found = _distribution()
    return (
        f"{'0' if found is None else found.version}+src.{_digest(_sources((folder, '**/*.py') for folder in _TRAINING_CODE))}"
    )


def keep_source(paths: SweepPaths) -> None:
    """Write the archive of this version's source into the sweep, if it is not there yet."""
    path = paths.code_archive(code_version())
    if path.exists():
        return
    with suppress(FileExistsError), publishing(path) as temporary:
        temporary.write_bytes(source_archive())


@functools.cache
def source_archive() -> bytes:
    """Pack the package's own files so that a directory with them can be put on Python's path."""
    first = _ROOT.parent / PACKAGE if _ROOT.name == PACKAGE else _ROOT / PACKAGE
    files = {PurePosixPath(PACKAGE, "__init__.py"): (first / "__init__.py").read_bytes()}
    files |= {PurePosixPath(PACKAGE) / source.path: source.content for source in _sources(_FILES)}
    if (found := _distribution()) is not None:
        files[PurePosixPath(f"{PACKAGE}-{found.version}.dist-info", "METADATA")] = _metadata(found)
    packed = io.BytesIO()
    # Without a name and a time, the same files give the same bytes.
    with (
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(str(path))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def check_archive(path: Path) -> None:
    """Raise DamagedFileError if an archive cannot be read, or is not the source of the version that its name states."""
    content = read_regular(path, CODE)
    try:
        found = _digest(_unpacked(content))
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise CODE.damaged(path, "an archive that cannot be read") from error
    stated = re.search(r"\+src\.([0-9a-f]{12})\.tar\.gz$", path.name)
    if stated is None or stated[1] != found:
        raise CODE.damaged(path, f"an archive of the source {found}")


def _unpacked(content: bytes) -> Iterator[Source]:
    """Read the training code of an archive in memory. Raises ValueError if it is larger than any of ours."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as compressed:
        plain = compressed.read(MOST_BYTES + 1)
    if len(plain) > MOST_BYTES:
        raise ValueError("it is larger than any archive of ours")
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            file = archive.extractfile(member) if member.isreg() else None
            if file is not None and parts[:2] in _PLACES and parts[-1].endswith(".py"):
                yield Source(PurePosixPath(*parts[1:]), file.read())


def _digest(sources: Iterable[Source]) -> str:
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda source: source.path):
        digest.update(str(source.path).encode() + source.content)
    return digest.hexdigest()[:12]


def _sources(patterns: Iterable[tuple[str, str]]) -> Iterator[Source]:
    """Read the package's files that fit the patterns. Caches of Python, links and hidden files are none of them."""
    for folder, pattern in patterns:
        for path in (_ROOT / folder).glob(pattern):
            name = PurePosixPath(path.relative_to(_ROOT).as_posix())
            if path.is_file() and not path.is_symlink() and not any(_foreign(part) for part in name.parts):
                yield Source(name, path.read_bytes())


def _foreign(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"


def _distribution() -> Distribution | None:
    try:
        return distribution("recipe-sweep")
    except PackageNotFoundError:
        return None


def _metadata(found: Distribution) -> bytes:
    """Write the metadata that name the release and what it requires."""
    lines = ["Metadata-Version: 2.1", "Name: recipe-sweep", f"Version: {found.version}"]
    lines += [f"Requires-Dist: {each}" for each in found.requires or ()]
    return "".join(f"{line}\n" for line in lines).encode()
