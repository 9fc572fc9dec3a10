"""The commands that put a sweep away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recipe_sweep.sweep.cli.options import DirectoryOption, GridArgument, Panel

app = typer.Typer()


@app.command(epilog="Example:  recipe-sweep archive demo -o demo.tar.zst", rich_help_panel=Panel.KEEP)
def archive(
    grid: GridArgument,
    directory: DirectoryOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="File to write: .tar.gz or .tar.zst.  [default: <sweep>.tar.gz]",
            show_default=False,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Pack a sweep into one file, which can be unpacked and opened anywhere. The sweep stays."""
    from recipe_sweep.sweep.cli.actions.put_away import archive_sweep
    from recipe_sweep.sweep.planning.opening import Reference

    archive_sweep(Reference(grid, directory), out)


@app.command("rm", epilog="Example:  recipe-sweep rm sweeps/demo --yes", rich_help_panel=Panel.KEEP)
def remove(
    grid: GridArgument,
    directory: DirectoryOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really remove it. Without this, only say what would go.")] = False,
) -> None:
    """Remove a sweep with all its results. Without --yes it only says what would go: runs, bytes, and CPU time spent."""
    from recipe_sweep.sweep.cli.actions.put_away import remove_sweep
    from recipe_sweep.sweep.planning.opening import Reference

    remove_sweep(Reference(grid, directory), yes)
