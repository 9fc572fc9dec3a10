"""Decides which files of a sweep belong in its store. It also notes which local files are the same there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.kinds import STORED
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import check_regular, read_regular
from recipe_sweep.sweep.store.keys import PATTERNS, inside, is_ours

SWEEP_FILE = "sweep.json"
ONCE = ("packs", "search", "launches", "code")
"""Directories of files whose names must be new. Results are stored after all of these."""
BULKY = ("checkpoints", "weights")
"""Directories of large files. No two attempts share a name there, or the content says whether a file is complete."""
TAKEN_BACK = ("packs/", "checkpoints/")
"""What a launch may remove again: withdrawn records, and checkpoints that nothing can resume from."""


def files_of(paths: SweepPaths, folder: str) -> Iterator[tuple[str, Path]]:
    """Yield key and path of each file of a folder that belongs in the store. Raises StoreKeyError for a link on the way."""
    root = paths.root / folder
    with suppress(FileNotFoundError):
        for path in sorted(root.rglob("*")):
            key = path.relative_to(paths.root).as_posix()
            if is_ours(key) and inside(paths.root, key).is_file():
                yield key, path


def is_spent(key: str, done: Collection[str]) -> bool:
    """Say whether this is a checkpoint of a pack that is done."""
    folder, _, rest = key.partition("/")
    return folder == "checkpoints" and rest.partition("/")[0] in done


def check_links(paths: SweepPaths) -> None:
    """Refuse a sweep with a store in which a folder that is stored is a link. Raises StoreKeyError."""
    for folder in PATTERNS:
        inside(paths.root, folder)


def lacks(paths: SweepPaths, key: str, known: Collection[str]) -> bool:
    """Say whether an object of the store is missing here.

    Results and the sweep file may differ here, so `known` decides about them.
    """
    if not (paths.root / key).exists():
        return True
    if key == SWEEP_FILE:
        return _name(paths, key) in known  # Another machine may have rewritten it. A sweep file that is not stored yet stays.
    return key.startswith("results/") and key not in known


def known_stored(paths: SweepPaths) -> frozenset[str]:
    """Read which files are the same here as in the store; none if that was never noted, or the note is damaged."""
    try:
        return frozenset(read_regular(paths.stored_index, STORED).decode().splitlines())
    except FileNotFoundError:
        return frozenset()
    except UnicodeDecodeError:
        overlook(STORED.damaged(paths.stored_index, "no text"))
    except DamagedFileError as error:
        overlook(error)
    return frozenset()


def remember_stored(paths: SweepPaths, key: str) -> None:
    """Note that a file is the same here as in the store. Only the sweep file and results need this note."""
    if key == SWEEP_FILE or key.startswith("results/"):
        paths.index.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            check_regular(paths.stored_index, STORED)
        with paths.stored_index.open("a") as file:
            file.write(f"{_name(paths, key)}\n")


def _name(paths: SweepPaths, key: str) -> str:
    return f"{key} {hashlib.sha256((paths.root / key).read_bytes()).hexdigest()}" if key == SWEEP_FILE else key
