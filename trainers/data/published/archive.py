"""Vaults in a directory or a zip, and unpacking them while they are read.

Unpacked files are removed after reading. If a process is killed, the next one deletes what it left. A folder that exists
already is never trusted to be complete.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import BrokenVaultError, NoRoomError
from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.file_lock import locked

MANIFEST = "manifest.ocdbt"
_UNPACKED = "unpacked"
_PIECE = 1 << 20


class VaultName(NamedTuple):
    """The end of a vault's path, `<scenario>.vlt/<uid>`. The scenario is empty if the path has none."""

    scenario: str
    uid: str

    @classmethod
    def of(cls, path: PurePosixPath | Path) -> VaultName:
        """Take the name of the vault from its path."""
        parent = path.parent.name
        return cls(parent.removesuffix(".vlt") if parent.endswith(".vlt") else "", path.name)


def vault_directories(directory: Path) -> list[Path]:
    """Find the vaults in a directory, sorted: itself, or those one or two levels below. Raises BrokenVaultError if none is."""
    for pattern in (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}"):
        if found := sorted(path.parent for path in directory.glob(pattern)):
            return found
    expected = f"a vault: {MANIFEST} and the folder d, or folders of vaults such as 2ant.vlt/Expert"
    raise BrokenVaultError(Problem(file=str(directory), found=f"no {MANIFEST}", expected=expected))


class VaultArchive:
    """A zip of vaults. Raises BrokenVaultError if a name is not safe to unpack, or if the zip holds no vault."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self._members = archive.infolist()
        except (zipfile.BadZipFile, OSError) as error:
            raise BrokenVaultError(Problem(file=str(path), found=str(error), expected="a whole zip archive")) from error
        problems = [Problem(file=str(path), key=name, found=found, expected=_SAFE) for name, found in _unsafe(self._members)]
        if problems:
            raise BrokenVaultError(*problems)
        names = (PurePosixPath(member.filename) for member in self._members)
        self.vaults = sorted(name.parent for name in names if name.name == MANIFEST)
        if not self.vaults:
            expected = f"vaults: folders with {MANIFEST}, such as 2ant.vlt/Expert"
            raise BrokenVaultError(
                Problem(file=str(path), found=f"{len(self._members)} files, none a vault", expected=expected)
            )

    @contextmanager
    def unpacked(
        self, vault: PurePosixPath, root: Path, progress: Progress = unheard, waiting: Callable[[], None] = lambda: None
    ) -> Iterator[Path]:
        """Yield a directory below `root` with one of the vaults, and remove it afterwards. One process at a time can do this.

        `progress` is called with (bytes unpacked, bytes in all). Raises BrokenVaultError if the zip is damaged, NoRoomError if
        the disk is too full.
        """
        key = hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:16]
        directory = root / _UNPACKED / key
        with locked(directory.with_suffix(".lock"), waiting):
            shutil.rmtree(directory, ignore_errors=True)
            try:
                self._unpack(vault, directory, progress)
                yield directory / vault
            finally:
                shutil.rmtree(directory, ignore_errors=True)

    def _unpack(self, vault: PurePosixPath, directory: Path, progress: Progress) -> None:
        members = [member for member in self._members if PurePosixPath(member.filename).is_relative_to(vault)]
        total = sum(member.file_size for member in members)
        directory.mkdir(parents=True)
        require_room(directory, total, f"unpack {self.path.name}")
        done = 0
        try:
            with zipfile.ZipFile(self.path) as archive:
                for member in members:
                    target = directory / member.filename
                    if member.is_dir():
                        target.mkdir(parents=True, exist_ok=True)
                        continue
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as packed, target.open("xb") as file:
                        while piece := packed.read(_PIECE):  # checks the CRC at the end of the file
                            file.write(piece)
                            done += len(piece)
                            progress(done, total)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            expected = "an undamaged zip archive"
            raise BrokenVaultError(Problem(file=str(self.path), found=str(error), expected=expected)) from error
        except OSError as error:
            raise NoRoomError(Problem(file=str(directory), found=str(error), expected="room to unpack a vault")) from error


def require_room(directory: Path, needed: int, purpose: str) -> None:
    """Raise NoRoomError if the disk of the existing `directory` has fewer than `needed` bytes free."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        found, expected = f"{free / 1e9:.2f} GB free", f"{needed / 1e9:.2f} GB to {purpose}"
        raise NoRoomError(
            Problem(file=str(directory), found=found, expected=expected, hint="free some, or choose another disk")
        )


_SAFE = "relative paths of plain files, inside the archive's own folder"


def _unsafe(members: list[zipfile.ZipInfo]) -> Iterator[tuple[str, str]]:
    """Yield names that must not be unpacked, each with what is wrong with the name."""
    seen: set[str] = set()
    for member in members:
        name = member.filename
        kind = stat.S_IFMT(member.external_attr >> 16)
        if name.startswith("/") or "\\" in name or ":" in name:
            yield name, "an absolute path, or one of another system"
        elif ".." in PurePosixPath(name).parts:
            yield name, "a path that leads out of the archive's folder"
        elif kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            yield name, "a link or a device"
        elif member.flag_bits & 1:
            yield name, "an encrypted file"
        elif name in seen:
            yield name, "the same name twice"
        seen.add(name)
