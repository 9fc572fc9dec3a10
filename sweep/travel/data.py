"""Reads the dataset of a pack for a machine that lacks it, in parts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from recipe_sweep.sweep.errors import TravelError
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.pack_file import read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.travel import names


def read_column(settings: LaunchSettings, pack_id: str, file: str, offset: int, size: int) -> bytes | None:
    """Read at most `size` bytes of a file of the dataset that the pack is trained on; None if there is no such file here."""
    if not names.COLUMN.fullmatch(file):
        raise TravelError(f"{file[: names.LONGEST]!a} is no file of a dataset")
    try:
        with (_directory(settings.root, settings.data_root, pack_id) / file).open("rb") as opened:
            opened.seek(offset)
            return opened.read(size)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=1024)
def _directory(root: Path, data_root: Path, pack_id: str) -> Path:
    from recipe_sweep.trainers.data.catalogue import dataset_directory

    return dataset_directory(read_record(SweepPaths(root).pack_record(pack_id)).pack.points[0], data_root)
