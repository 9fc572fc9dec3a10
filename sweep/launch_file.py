"""What one launch set out to do, as a file: the message from the launch to its engine and workers, and a record for later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster.resources import Resources
from search_spaces.vocabulary import Keep
from sweep.atomic import publish_json
from sweep.packs import Pack
from sweep.paths import SweepPaths
from sweep.point_json import points_from_json, points_to_json

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class LaunchSettings:
    """What every pack of a launch has in common. `root` and `data_root` are absolute paths; `workload` names a module."""

    root: Path
    epoch: int
    data_root: Path
    keep: Keep
    workload: str
    resources: Resources

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
    """One launch: its settings and its packs in the order in which they start."""

    settings: LaunchSettings
    packs: tuple[PlannedPack, ...]


def write_launch(launch: LaunchFile) -> Path:
    """Write the launch's file under its epoch, which must be new; returns the path."""
    settings = launch.settings
    path = settings.paths.launch_file(settings.epoch)
    content = {
        "schema_version": SCHEMA_VERSION,
        "settings": asdict(settings) | {"root": str(settings.root), "data_root": str(settings.data_root)},
        "packs": [_pack_to_json(planned) for planned in launch.packs],
    }
    publish_json(path, content, dense=True)
    return path


def read_launch(path: Path) -> LaunchFile:
    """Read a launch's file back."""
    content = json.loads(path.read_text())
    given = content["settings"]
    settings = LaunchSettings(
        root=Path(given["root"]),
        epoch=given["epoch"],
        data_root=Path(given["data_root"]),
        keep=Keep(given["keep"]),
        workload=given["workload"],
        resources=Resources(**given["resources"]),
    )
    packs: Sequence[dict[str, object]] = content["packs"]
    return LaunchFile(settings, tuple(_pack_from_json(pack) for pack in packs))


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
