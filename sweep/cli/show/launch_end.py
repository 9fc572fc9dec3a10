"""Prints the end of a launch: the result, and where everything is. Also runs MLflow beside a launch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.show.status import best_text, failure_lines, status_line
from recipe_sweep.sweep.cli.streams import tell
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import is_rehearsal

if TYPE_CHECKING:
    from rich.console import Console

    from recipe_sweep.sweep.launch.launch import LaunchEnd
    from recipe_sweep.sweep.tracking.writer_report import WriterEnd


@contextmanager
def mlflow_beside(root: Path, wanted: bool) -> Iterator[None]:
    """Keep MLflow up to date beside a launch. A failure of MLflow never stops training, and delays its end by at most 10 s."""
    if not wanted:
        yield
        return
    from recipe_sweep.sweep.tracking.writer_process import start_writer

    writer = start_writer(root)
    try:
        yield
    finally:
        for line in mlflow_lines(writer.stop(), root):
            tell(line)


def mlflow_lines(end: WriterEnd, root: Path) -> Iterator[str]:
    """Say at the end of a launch what MLflow lacks; nothing if it has all runs."""
    yield from end.notes
    if not end.up_to_date:
        lacking = f"{end.waiting:,} run{'' if end.waiting == 1 else 's'}" if end.waiting else "some runs"
        why = f" ({end.why})" if end.why else ""
        command = pasted("recipe-sweep", "mlflow", root)
        yield f"MLflow does not show {lacking} yet{why}; no result is lost; to show them: {command}"


def tell_end(console: Console, end: LaunchEnd, grid: str, root: Path) -> None:
    """Print what a launch trained, what failed and why, and what to do next."""
    from rich.markup import escape

    console.print(f"trained {counted(end.trained, 'run')}; {status_line(end.status)}")
    if end.status.best:
        made_up = "made up, " if is_rehearsal(SweepPaths(root)) else ""
        console.print(f"best so far: {made_up}{escape(best_text(end.status.best[0]))}")
    for line in failure_lines(end.status.failures, grid, SweepPaths(root)):
        console.print(line)
    if end.hopeless:
        console.print("stopped, because many attempts failed in a row; fix the cause, then launch with --retry-failed")
    elif end.interrupted:
        console.print("interrupted; the same command goes on from the checkpoints")
    elif end.status.waiting:
        count = counted(end.status.waiting, "run")
        doctor = pasted("recipe-sweep", "doctor", root)
        console.print(f"{count} did not run; to train them, type the same command; to find the cause: `{escape(doctor)}`")
    elif end.status.failed:
        console.print("the rest is done; to try the failed runs again: `recipe-sweep retry`, or launch with --retry-failed")


def tell_where(root: Path, mlflow: bool) -> None:
    """Print where a sweep's results, figure and MLflow are."""
    tell(f"results  {SweepPaths(root).results}/*.parquet")
    tell(f"figure   {pasted('recipe-sweep', 'report', root)}")
    if mlflow:
        tell_mlflow(root)


def tell_mlflow(root: Path) -> None:
    """Print how to open a sweep's MLflow, unless it is on a server."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        address = f"sqlite:///{SweepPaths(root).mlflow_db.resolve()}"
        tell(f"MLflow   {pasted('mlflow', 'ui', '--backend-store-uri', address)}")
