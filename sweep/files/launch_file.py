"""The plan of one launch, as a file.

The launch tells its engine and workers by it what to do. Later commands read it as a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import publish_json
from recipe_sweep.sweep.files.kinds import LAUNCH
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import points_from_json, points_to_json
from recipe_sweep.sweep.files.reading import meaningful, read_json

SCHEMA_VERSION = 1

REAL = "sweep.workload"
REHEARSED = "sweep.rehearsal"
"""Words that launch files contain for ever. During the development of 0.1.0 they were names of modules."""


class Why(StrEnum):
    """Why a run is in the plan."""

    NEW = "new"
    CHANGED = "changed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    WEIGHTS = "weights missing"


@dataclass(frozen=True)
class Reason:
    """Runs that have one and the same reason. `detail` describes it."""

    why: Why
    detail: str
    run_ids: tuple[str, ...]


@dataclass(frozen=True)
class LaunchSettings:
    """What every pack of a launch has in common.

    `root` and `data_root` are absolute paths. `workload` is REAL, REHEARSED or the name of a module. `store` is the address of
    the sweep's store. `launch_id` and `fingerprints` (by dataset id) let a node compare data once. `word_sources` are the
    source hashes of plugins' words, by word.
    """

    root: Path
    epoch: int
    data_root: Path
    keep: Keep
    workload: str
    resources: Resources
    store: str | None = None
    launch_id: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    word_sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> SweepPaths:
        return SweepPaths(self.root)


@dataclass(frozen=True)
class PlannedPack:
    """A pack of a launch and the content hash of its dataset."""

    pack: Pack
    data_hash: str


@dataclass(frozen=True)
class LaunchFile:
    """One launch: its settings, its packs in the order in which they start, and the reasons for their runs."""

    settings: LaunchSettings
    packs: tuple[PlannedPack, ...]
    reasons: tuple[Reason, ...] = ()


def write_launch(launch: LaunchFile) -> Path:
    """Write the launch's file under its epoch, which must be new. Returns the path."""
    settings = launch.settings
    path = settings.paths.launch_file(settings.epoch)
    content = {
        "schema_version": SCHEMA_VERSION,
        "settings": asdict(settings) | {"root": str(settings.root), "data_root": str(settings.data_root)},
        "packs": [_pack_to_json(planned) for planned in launch.packs],
        "reasons": [asdict(reason) for reason in launch.reasons],
    }
    publish_json(path, content, dense=True)
    return path


def read_launch(path: Path) -> LaunchFile:
    """Read a launch's file back. Raises FileNotFoundError, DamagedFileError."""
    content = read_json(path, _Content, LAUNCH, SCHEMA_VERSION)
    with meaningful(path, LAUNCH):
        packs = tuple(_pack_from_json(pack) for pack in content.packs)
    return LaunchFile(content.settings, packs, content.reasons)


def read_settings(path: Path) -> LaunchSettings | None:
    """Read the settings of a launch; None if its file is gone, or is damaged and overlooked."""
    content = _read(path)
    return None if content is None else content.settings


def read_resources(path: Path) -> Resources | None:
    """Read the resources of a launch; None if its file is gone, or is damaged and overlooked."""
    settings = read_settings(path)
    return None if settings is None else settings.resources


def read_reasons(path: Path) -> tuple[Reason, ...]:
    """Read why the runs of a launch were in it.

    There are no reasons if the file is gone or damaged, or was written before reasons were kept.
    """
    content = _read(path)
    return () if content is None else content.reasons


@dataclass(frozen=True)
class _Pack:
    """A planned pack as the file has it."""

    data_hash: str
    slice_of: str | None
    suspect: bool
    points: dict[str, Any]


@dataclass(frozen=True)
class _Content:
    """Content of the file."""

    settings: LaunchSettings
    packs: tuple[_Pack, ...]
    reasons: tuple[Reason, ...] = ()


def _read(path: Path) -> _Content | None:
    try:
        return read_json(path, _Content, LAUNCH, SCHEMA_VERSION)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None


def _pack_to_json(planned: PlannedPack) -> dict[str, object]:
    pack = planned.pack
    return {
        "pack_id": pack.pack_id,
        "data_hash": planned.data_hash,
        "slice_of": pack.slice_of,
        "suspect": pack.suspect,
        "points": points_to_json(pack.points),
    }


def _pack_from_json(content: _Pack) -> PlannedPack:
    return PlannedPack(Pack(points_from_json(content.points), content.slice_of, content.suspect), content.data_hash)
