"""`rm` and `archive`: a sweep that is no longer needed, or not here."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.monitoring.put_away import Belongings, archive, belongings, check_idle, remove
from recipe_sweep.sweep.monitoring.sweep_list import is_sweep
from recipe_sweep.sweep.planning.opening import Reference, locate
from recipe_sweep.sweep.store.addresses import is_address
from recipe_sweep.sweep.units import device_time, memory


def remove_sweep(reference: Reference, sure: bool) -> None:
    """Remove a sweep. Raises SweepDirectoryError if the user is not sure, which also says what would go."""
    paths = _located(reference)
    check_idle(paths)
    found = belongings(paths)
    where = "" if found.store is None else f"; its copy in {found.store} stays"
    if not sure:
        problem = Problem(
            str(paths.root),
            found=f"{_told(found)}, which would be removed for good{where}",
            expected="--yes, if you are sure",
            hint=f"to keep it in one file: {pasted('recipe-sweep', 'archive', paths.root)}",
        )
        raise SweepDirectoryError(problem)
    remove(paths, say)
    tell(f"removed {paths.root}: {_told(found)}{where}")


def archive_sweep(reference: Reference, out: Path | None) -> None:
    """Pack a sweep into one file, and say how to open it and how to remove the sweep."""
    paths = _located(reference)
    found = belongings(paths)
    target = out or Path(f"{paths.root.resolve().name}.tar.gz")
    files = archive(paths, target)
    tell(f"wrote {target}: {counted(files, 'file')}, {memory(target.stat().st_size)}, read again and compared")
    tell(f"it holds {paths.root}: {_told(found)}")
    unpack = pasted("tar", "--zstd", "-xf", target) if target.name.endswith(".zst") else pasted("tar", "-xzf", target)
    tell(f"unpack it with `{unpack}`; remove the sweep with `{pasted('recipe-sweep', 'rm', paths.root, '--yes')}`")


def _located(reference: Reference) -> SweepPaths:
    """Find the directory of a sweep, which may be damaged. Raises SweepDirectoryError if there is none."""
    if is_address(reference.text):
        raise SweepDirectoryError(
            Problem(reference.text, found="the address of a store", expected="a sweep in a directory of this machine")
        )
    paths = locate(reference).paths
    if not is_sweep(paths.root):
        found = "no sweep" if paths.root.is_dir() else "no such directory"
        raise SweepDirectoryError(Problem(str(paths.root), found=found, expected="a sweep that was launched before"))
    return paths


def _told(found: Belongings) -> str:
    runs = "runs that cannot be read" if found.runs is None else counted(found.runs, "done run")
    return f"{runs}, {memory(found.size)}, {device_time(found.cpu_s, 'CPU')} of training"
