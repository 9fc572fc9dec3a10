"""Summarises every sweep of a folder in a line: progress, the best score so far, age, size, and whether it is at work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import RecipeSweepError, UserInputError
from recipe_sweep.sweep.files.failure_file import failed_attempts, grouped, read_failures
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import is_rehearsal
from recipe_sweep.sweep.locks.lease import visible_launch
from recipe_sweep.sweep.monitoring.best_so_far import Leader, leaders
from recipe_sweep.sweep.planning.opening import Target, open_target
from recipe_sweep.sweep.planning.search_rounds import progress
from recipe_sweep.sweep.results.done import read_done

DERIVED = frozenset({"index", "report", "episodes", "ray", "mlflow.db"})
"""What commands that only read may write anew. It does not make a sweep younger."""


class SweepState(StrEnum):
    """State of a sweep."""

    RUNNING = "running"
    STOPPED = "stopped"
    """No launch is at work, and runs are left to train."""
    FINISHED = "finished"


class Footprint(NamedTuple):
    """Size of a sweep on disk, and when a file of it last changed (seconds since 1970; 0 if there is none)."""

    size: int
    changed_at: float


@dataclass(frozen=True)
class SweepSummary:
    """One sweep of a folder. `broken` says why it cannot be opened; then there are no counts."""

    root: Path
    footprint: Footprint
    broken: str | None = None
    rehearsal: bool = False
    wanted: int = 0
    done: int = 0
    failed: int = 0
    state: SweepState = SweepState.STOPPED
    best: Leader | None = None


def sweeps_in(folder: Path) -> list[Path]:
    """List the directories of a folder that are sweeps, or what is left of one. A sweep's own directory lists itself."""
    if is_sweep(folder):
        return [folder]
    # A sweep that `rm` is removing has a hidden name.
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and is_sweep(path))


def summarise(root: Path) -> SweepSummary:
    """Summarise one sweep. If it cannot be opened, the summary says why."""
    measured = footprint(root)
    try:
        if not SweepPaths(root).lock_file.exists():
            return SweepSummary(root, measured, "sweep.json is missing")
        return _summary(open_target(str(root)), measured)
    except UserInputError as error:
        problem = error.problems[0]
        place = f"{Path(problem.file).name}: " if problem.file else ""
        return SweepSummary(root, measured, f"{place}{problem.key and f'{problem.key}: '}{problem.found}")
    except (RecipeSweepError, OSError) as error:
        return SweepSummary(root, measured, str(error).splitlines()[0])


def footprint(root: Path) -> Footprint:
    """Measure a directory. Links inside its folders are not followed."""
    size, changed_at = 0, 0.0
    for entry, derived in _entries(root):
        with suppress(OSError):  # The file was removed meanwhile.
            found = entry.stat(follow_symlinks=False)
            size += found.st_size
            changed_at = changed_at if derived else max(changed_at, found.st_mtime)
    return Footprint(size, changed_at)


def files_of(root: Path) -> Iterator[Path]:
    """Yield every file of a sweep. Its own folders may be links to other disks."""
    return (Path(entry.path) for entry, _ in _entries(root))


def is_sweep(path: Path) -> bool:
    """Say whether a directory is a sweep, or what is left of one."""
    paths = SweepPaths(path)
    return paths.lock_file.exists() or (paths.results.is_dir() and paths.lease.is_dir())


def _summary(target: Target, measured: Footprint) -> SweepSummary:
    paths, done = target.paths, read_done(target.paths)
    wanted = {point.run_id for point in target.points}
    finished = wanted & done.file_of.keys()
    total, complete = len(wanted), wanted == finished
    if target.space is not None:
        trials, seeds = progress(target.space, paths), len(set(target.grid.axes.seed))
        total, complete = max(total, trials.wanted * seeds), complete and trials.told >= trials.wanted
    launch = visible_launch(paths.lease)
    return SweepSummary(
        target.paths.root,
        measured,
        rehearsal=is_rehearsal(paths),
        wanted=total,
        done=len(finished),
        failed=_failed(paths, wanted - finished),
        state=SweepState.RUNNING if launch is not None else SweepState.FINISHED if complete else SweepState.STOPPED,
        best=next(iter(leaders(target.points, done)), None),
    )


def _failed(paths: SweepPaths, unfinished: set[str]) -> int:
    """Count the runs that were given up."""
    if not unfinished or not failed_attempts(paths):
        return 0
    return len({run_id for group in grouped(read_failures(paths), unfinished) for run_id in group.gave_up})


def _entries(root: Path) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """Yield every file below a directory, and whether it is derived from others."""
    waiting: list[tuple[str, bool]] = [(str(root), False)]
    while waiting:
        folder, derived = waiting.pop()
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                inside = derived or (folder == str(root) and entry.name in DERIVED)
                if entry.is_dir(follow_symlinks=folder == str(root)):
                    waiting.append((entry.path, inside))
                else:
                    yield entry, inside
