"""What one launch set out to do, as a file: the message from the launch to its engine and workers, and a record for later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.atomic import publish_json
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import points_from_json, points_to_json

SCHEMA_VERSION = 1

REAL = "sweep.workload"
REHEARSED = "sweep.rehearsal"
"""Words that stand in launch files for ever. During the development of 0.1.0 they were names of modules."""


class Why(StrEnum):
    """Why a run is in the plan."""

    NEW = "new"
    CHANGED = "changed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    WEIGHTS = "weights missing"


@dataclass(frozen=True)
class Reason:
    """Runs that will run for one and the same reason, told in `detail`."""

    why: Why
    detail: str
    run_ids: tuple[str, ...]


@dataclass(frozen=True)
class LaunchSettings:
    """What every pack of a launch has in common.

    `root` and `data_root` are absolute paths; `workload` is REAL, REHEARSED or names a module; `store` is the address of the
    sweep's store. `launch_id` and `fingerprints`, by dataset id, let a node compare data once.
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
    """One launch: its settings, its packs in the order in which they start, and why their runs are in it."""

    settings: LaunchSettings
    packs: tuple[PlannedPack, ...]
    reasons: tuple[Reason, ...] = ()


def write_launch(launch: LaunchFile) -> Path:
    """Write the launch's file under its epoch, which must be new; returns the path."""
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
    """Read a launch's file back."""
    content = json.loads(path.read_text())
    packs: Sequence[dict[str, object]] = content["packs"]
    return LaunchFile(_settings(content), tuple(_pack_from_json(pack) for pack in packs), _reasons(content))


def read_settings(path: Path) -> LaunchSettings | None:
    """The settings of a launch; None where its file is gone."""
    return _settings(json.loads(path.read_text())) if path.exists() else None


def read_resources(path: Path) -> Resources | None:
    """The resources of a launch; None where its file is gone."""
    return Resources(**json.loads(path.read_text())["settings"]["resources"]) if path.exists() else None


def read_reasons(path: Path) -> tuple[Reason, ...]:
    """Why the runs of a launch were in it; nothing where its file is gone, or from before reasons were kept."""
    return _reasons(json.loads(path.read_text())) if path.exists() else ()


def _settings(content: Mapping[str, Any]) -> LaunchSettings:
    given = content["settings"]
    return LaunchSettings(
        root=Path(given["root"]),
        epoch=given["epoch"],
        data_root=Path(given["data_root"]),
        keep=Keep(given["keep"]),
        workload=given["workload"],
        resources=Resources(**given["resources"]),
        store=given.get("store"),
        launch_id=given.get("launch_id", ""),
        fingerprints=given.get("fingerprints", {}),
    )


def _reasons(content: Mapping[str, Any]) -> tuple[Reason, ...]:
    kept = content.get("reasons", ())
    return tuple(Reason(Why(reason["why"]), reason["detail"], tuple(reason["run_ids"])) for reason in kept)


def _pack_to_json(planned: PlannedPack) -> dict[str, object]:
    pack = planned.pack
    return {
        "pack_id": pack.pack_id,
        "data_hash": planned.data_hash,
        "slice_of": pack.slice_of,
        "suspect": pack.suspect,
        "points": points_to_json(pack.points),
    }


def _pack_from_json(content: dict[str, object]) -> PlannedPack:
    points, slice_of = content["points"], content["slice_of"]
    assert isinstance(points, dict)
    pack = Pack(points_from_json(points), None if slice_of is None else str(slice_of), bool(content["suspect"]))
    return PlannedPack(pack, str(content["data_hash"]))
