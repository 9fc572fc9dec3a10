"""Packs that were started. Each is recorded before its first step, and every later launch adopts it.

A checkpoint can only be resumed bitwise by the same members in the same order, with as many threads. A later launch
may have more cores or an edited grid. If it planned packs afresh, it would pack the runs differently and lose what is half
trained. So later plans keep every started pack as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import move, publish_json
from recipe_sweep.sweep.files.checkpoints import remove_checkpoints
from recipe_sweep.sweep.files.kinds import PACK
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import points_from_json, points_to_json
from recipe_sweep.sweep.files.reading import meaningful, read_json

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class PackRecord:
    """A started pack, and what its numbers depend on besides its members.

    `epoch` is the launch that started it first; `order` is its place in that launch. Together they show which of two records
    that share a run is later. `device` is what the launch asked for.
    """

    pack: Pack
    epoch: int
    order: int
    threads: int
    device: str
    data_hash: str
    started_at: datetime

    @property
    def age(self) -> tuple[int, int]:
        """Key that sorts records from the oldest to the newest."""
        return (self.epoch, self.order)


def record_start(paths: SweepPaths, record: PackRecord) -> PackRecord:
    """Record that a pack starts.

    Returns the valid record. It is an older one if the pack was started before.
    """
    path = paths.pack_record(record.pack.pack_id)
    content = {
        "schema_version": SCHEMA_VERSION,
        "pack_id": record.pack.pack_id,
        "epoch": record.epoch,
        "order": record.order,
        "threads": record.threads,
        "device": record.device,
        "data_hash": record.data_hash,
        "started_at": record.started_at.astimezone(UTC).isoformat(),
        "slice_of": record.pack.slice_of,
        "suspect": record.pack.suspect,
        "points": points_to_json(record.pack.points),
    }
    try:
        publish_json(path, content, dense=True)
    except FileExistsError:
        return read_record(path)
    return record


def withdraw_suspects(paths: SweepPaths, pack_ids: Collection[str]) -> None:
    """Withdraw the records of those packs that are parts of a halved pack, so that it is tried whole again."""
    for pack_id in pack_ids:
        path = paths.pack_record(pack_id)
        if read_record(path).pack.suspect:
            move(path, path.with_suffix(".withdrawn"))
            remove_checkpoints(paths, pack_id)


def read_record(path: Path) -> PackRecord:
    """Read one record. Raises FileNotFoundError, and DamagedFileError if it is torn or from a newer version."""
    content = read_json(path, _Content, PACK, SCHEMA_VERSION)
    with meaningful(path, PACK):
        pack = Pack(points_from_json(content.points), content.slice_of, content.suspect)
        if pack.pack_id != content.pack_id:
            raise ValueError(f"its members hash to {pack.pack_id}, not to {content.pack_id}")
        if pack.pack_id != path.stem:
            raise ValueError(f"it is of pack {pack.pack_id}")
    return PackRecord(
        pack=pack,
        epoch=content.epoch,
        order=content.order,
        threads=content.threads,
        device=content.device,
        data_hash=content.data_hash,
        started_at=content.started_at,
    )


@dataclass(frozen=True)
class _Content:
    """Content of the file."""

    pack_id: str
    epoch: int
    order: int
    threads: int
    device: str
    data_hash: str
    started_at: datetime
    slice_of: str | None
    suspect: bool
    points: dict[str, Any]


def read_records(paths: SweepPaths, without: frozenset[str] = frozenset()) -> Iterator[PackRecord]:
    """Yield every started pack, oldest first. Packs in `without` are left out, because finished ones need no reading.

    Raises DamagedFileError. A plan without one of the records would begin a half-trained pack from its start.
    """
    yield from sorted((read_record(path) for path in _files(paths, without)), key=lambda record: record.age)


def readable_records(paths: SweepPaths) -> tuple[PackRecord, ...]:
    """Read the records as `read_records` does, to show them only. Damaged records are overlooked."""
    found = []
    for path in _files(paths, frozenset()):
        try:
            found.append(read_record(path))
        except FileNotFoundError:
            continue
        except DamagedFileError as error:
            overlook(error)
    return tuple(sorted(found, key=lambda record: record.age))


def _files(paths: SweepPaths, without: frozenset[str]) -> list[Path]:
    return [path for path in sorted(paths.packs.glob("[!.]*.json")) if path.stem not in without]


def resume_dirs(paths: SweepPaths, pack: Pack) -> tuple[Path, ...]:
    """List the checkpoint directories of the packs that this one was sliced from, nearest first."""
    return tuple(paths.pack_checkpoint(parent) for parent in ancestors(paths, pack))


def ancestors(paths: SweepPaths, pack: Pack) -> tuple[str, ...]:
    """List the packs that this one was sliced from, nearest first."""
    found: list[str] = []
    parent, seen = pack.slice_of, {pack.pack_id}
    while parent is not None and parent not in seen:
        seen.add(parent)
        found.append(parent)
        path = paths.pack_record(parent)
        parent = read_record(path).pack.slice_of if path.exists() else None
    return tuple(found)
