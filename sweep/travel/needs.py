"""What a worker needs before it can begin a pack: small files with their content, and a list of the large ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.files.pack_file import ancestors, read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import MOST_BYTES
from recipe_sweep.sweep.travel.names import name_of

MOST_LOG_TAIL = 1 << 18
"""Bytes of the last attempt's log that a worker gets. The trace of a hang is at its end."""


@dataclass(frozen=True)
class Needs:
    """Small files by name; names of checkpoints of this pack, and of packs that it was cut from; the last attempt's log.

    `log_size` is how much of that log is here. Its last words may still be on the machine where the attempt died.
    """

    small: tuple[tuple[str, bytes], ...] = ()
    large: tuple[str, ...] = ()
    log: str | None = None
    log_size: int = 0


def needs_of(paths: SweepPaths, pack_id: str) -> Needs:
    """List what the pack needs. Raises OSError, DamagedFileError."""
    packs = (pack_id, *ancestors(paths, read_record(paths.pack_record(pack_id)).pack))
    files = [*(paths.pack_record(pack) for pack in packs), *_own(paths, pack_id), *sorted(paths.search.glob("[0-9]*.json"))]
    if paths.lock_file.is_file():
        files.append(paths.lock_file)
    small = [
        (name_of(paths.root, path), path.read_bytes()) for path in files if path.is_file() and path.stat().st_size < MOST_BYTES
    ]
    logs = sorted((paths.logs / pack_id).glob("[0-9]*.log"))
    if not logs:
        return Needs(tuple(small), tuple(_checkpoints(paths, packs)))
    name, size = name_of(paths.root, logs[-1]), logs[-1].stat().st_size
    with logs[-1].open("rb") as file:
        file.seek(max(0, size - MOST_LOG_TAIL))
        small.append((name, file.read(MOST_LOG_TAIL)))
    return Needs(tuple(small), tuple(_checkpoints(paths, packs)), name, size)


def _own(paths: SweepPaths, pack_id: str) -> Iterator[Path]:
    """Yield the files that say what happened to the pack so far."""
    for folder in (paths.attempts / pack_id, paths.failures / pack_id):
        yield from sorted(folder.glob("[0-9]*"))
    yield paths.progress / f"{pack_id}.json"


def _checkpoints(paths: SweepPaths, packs: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of the nearest packs, up to one with a whole checkpoint. Arrays without a record are none."""
    for pack in packs:
        found = sorted(path for path in paths.pack_checkpoint(pack).glob("[!.]*") if path.is_file())
        yield from (name_of(paths.root, path) for path in found)
        if any(path.suffix == ".json" for path in found):
            return
