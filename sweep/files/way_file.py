"""The way that packs travel in a launch, as its engine has chosen it: `launches/000001.way`.

The engine finds out which machines see the sweep's directory. The launch reads the file and tells the user.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from recipe_sweep.cluster.resources import Way
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import WAY
from recipe_sweep.sweep.files.reading import read_json


@dataclass(frozen=True)
class ChosenWay:
    """The way, and the machines that do not see the sweep's directory."""

    way: Way
    unseen: tuple[str, ...] = ()


def write_way(path: Path, chosen: ChosenWay) -> None:
    """Write the way that was chosen."""
    replace_json(path, asdict(chosen))


def read_way(path: Path) -> ChosenWay | None:
    """Read the way that was chosen; None if that is not known."""
    try:
        return read_json(path, ChosenWay, WAY)
    except (FileNotFoundError, DamagedFileError):
        return None
