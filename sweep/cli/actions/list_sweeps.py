"""`ls`: the sweeps of a folder."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.cli.shared import console, without_garbage_collection
from recipe_sweep.sweep.cli.show.sweeps import print_sweeps, sweeps_json
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.monitoring.sweep_list import summarise, sweeps_in
from recipe_sweep.sweep.planning.opening import SWEEPS


def list_sweeps(folder: Path | None, as_json: bool) -> None:
    """Print the sweeps of a folder. Raises SweepDirectoryError if a folder that was named does not exist."""
    place = folder or SWEEPS
    if folder is not None and not folder.is_dir():
        found = "a file" if folder.exists() else "no such directory"
        raise SweepDirectoryError(Problem(str(folder), found=found, expected="a folder with sweeps in it"))
    with without_garbage_collection():
        sweeps = [summarise(root) for root in sweeps_in(place)] if place.is_dir() else []
    if as_json:
        say(sweeps_json(place, sweeps))
    elif sweeps:
        print_sweeps(console(), place, sweeps)
    else:
        tell(f"no sweep in {place}; start one with: recipe-sweep launch demo")
