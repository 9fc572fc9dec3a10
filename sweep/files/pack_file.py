"""Packs that were once started: recorded before their first step, adopted by every later launch.

A checkpoint can only be resumed bitwise by the same members in the same order on the same number of threads. Were packs
planned afresh at each launch, a machine with more cores or an edited grid would pack the runs otherwise, and everything
half trained would be lost. So a started pack is a fact, and later plans are made around it.
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
    """A started pack and what its numbers depend on besides its members.

    `epoch` is the launch that started it first and `order` its place in that launch, which together tell the later of two
    records that share a run. `device` is what the launch asked for.
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
        """Sorts records from the oldest to the newest."""
        return (self.epoch, self.order)


def record_start(paths: SweepPaths, record: PackRecord) -> PackRecord:
    """Record that a pack starts; returns the record that holds, which is an older one where the pack was started before."""
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
    """Take back the records of those of these packs that are parts of a halved one, so that it is tried whole again."""
    for pack_id in pack_ids:
        path = paths.pack_record(pack_id)
        if read_record(path).pack.suspect:
            move(path, path.with_suffix(".withdrawn"))
            remove_checkpoints(paths, pack_id)


def read_record(path: Path) -> PackRecord:
    """Read one record. Raises FileNotFoundError, and DamagedFileError where it is torn or from a newer version."""
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
    """The file."""

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
    """Every started pack, oldest first, except those whose id is in `without` (finished ones need no reading).

    Raises DamagedFileError: a plan made without one of them would begin anew what is half trained.
    """
    yield from sorted((read_record(path) for path in _files(paths, without)), key=lambda record: record.age)


def readable_records(paths: SweepPaths) -> tuple[PackRecord, ...]:
    """The same for those who only look: records that are damaged are overlooked."""
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
    """Checkpoint directories of the packs this one was sliced from, nearest first."""
    directories: list[Path] = []
    parent, seen = pack.slice_of, {pack.pack_id}
    while parent is not None and parent not in seen:
        seen.add(parent)
        directories.append(paths.pack_checkpoint(parent))
        path = paths.pack_record(parent)
        parent = read_record(path).pack.slice_of if path.exists() else None
    return tuple(directories)
