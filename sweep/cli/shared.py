"""Functions that the commands of several files share."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.sweep.cli.streams import screen, tell

if TYPE_CHECKING:
    from rich.console import Console

    from recipe_sweep.sweep.planning.opening import Located, Reference, Target


def open_sweep(grid: str, directory: Path | None, overrides: Sequence[str] | None) -> Target:
    """Open what a command's grid, `--dir` and `--set` name, as `open_reference`."""
    from recipe_sweep.sweep.planning.opening import Reference

    return open_reference(Reference(grid, directory, overrides or ()))


def open_reference(reference: Reference) -> Target:
    """Open the sweep that a reference names. If another sweep of this grid may be meant, say where it is.

    Raises as `recipe_sweep.sweep.planning.opening.open_target`.
    """
    from recipe_sweep.sweep.planning.opening import locate

    return open_located(locate(reference))


def open_located(located: Located) -> Target:
    """Open a sweep whose directory is known, as `open_reference`."""
    from recipe_sweep.sweep.planning.opening import opened, sweep_elsewhere

    target = opened(located)
    beside = sweep_elsewhere(located.reference, target.paths)
    if beside is not None:
        place = shlex.quote(str(beside))
        tell(f"note: no sweep is in {target.paths.root}, but one of this grid lies in {beside}: name that, or `--dir {place}`",
            file=sys.stderr)  # fmt: skip
    return target


def console() -> Console:
    """Return the terminal."""
    return screen()


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Turn garbage collection off for one answer, after which the process ends. It took a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def workload() -> str:
    """Return what packs do: train, unless the environment says otherwise."""
    from recipe_sweep.sweep.files.launch_file import REAL
    from recipe_sweep.sweep.worker.workload import WORKLOAD_VARIABLE

    return os.environ.get(WORKLOAD_VARIABLE, REAL)


def rehearsed_workload() -> str:
    """Return what packs of a rehearsal do: pretend to train, unless the environment says otherwise."""
    from recipe_sweep.sweep.files.launch_file import REHEARSED
    from recipe_sweep.sweep.worker.workload import REHEARSAL_VARIABLE

    return os.environ.get(REHEARSAL_VARIABLE, REHEARSED)
