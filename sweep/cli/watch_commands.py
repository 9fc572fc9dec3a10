"""The commands that show a sweep or stop it. They train nothing, and all except `cancel` write nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import (
    ClusterOption,
    DirectoryOption,
    GridArgument,
    JsonOption,
    OnlyOption,
    Panel,
    RunArgument,
    RunOption,
    SetOption,
    SortOption,
    StatusesOption,
    complete_grid,
)
from recipe_sweep.sweep.cli.shared import console, open_sweep, without_garbage_collection
from recipe_sweep.sweep.cli.streams import say

app = typer.Typer()


@app.command("ls", epilog="Example:  recipe-sweep ls", rich_help_panel=Panel.WATCH)
def list_sweeps(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder with sweeps in it.  [default: sweeps]", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the sweeps of a folder: progress, best score so far, age, size on disk, and whether a launch is at work."""
    from recipe_sweep.sweep.cli.actions import list_sweeps as action

    action.list_sweeps(folder, as_json)


@app.command(epilog="Example:  recipe-sweep status demo --watch", rich_help_panel=Panel.WATCH)
def status(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Update until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the state of a sweep: progress, speed, time to go, cost so far, failures by cause, stuck packs."""
    from recipe_sweep.sweep.cli.actions.status import StatusOptions, show_status
    from recipe_sweep.sweep.planning.opening import Reference

    show_status(StatusOptions(Reference(grid, directory, overrides or ()), only or (), watch, as_json))


@app.command(epilog="Example:  recipe-sweep runs demo --sort score --limit 10", rich_help_panel=Panel.WATCH)
def runs(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    status: StatusesOption = None,
    sort: SortOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, max=1_000_000, help="Show at most so many runs.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a grid, one line each: id, design, settings, status, score, steps and seconds."""
    from recipe_sweep.sweep.cli.actions.runs import RunsOptions, show_runs
    from recipe_sweep.sweep.planning.opening import Reference

    show_runs(RunsOptions(Reference(grid, directory, overrides or ()), only or (), status or (), sort, limit, as_json))


@app.command(epilog="Example:  recipe-sweep explain demo 3fa9", rich_help_panel=Panel.WATCH)
def explain(
    grid: GridArgument,
    run_id: RunArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything about one run: settings, reason, attempts, result, cost, files, and how to rerun it."""
    from recipe_sweep.sweep.cli.show.run import commands_of, dossier_json, print_dossier
    from recipe_sweep.sweep.monitoring.run_history import open_dossier
    from recipe_sweep.sweep.planning.opening import Reference

    with without_garbage_collection():
        target = open_sweep(grid, directory, overrides)
        dossier = open_dossier(target, run_id)
    commands = commands_of(dossier, Reference(grid, directory, overrides or ()))
    if as_json:
        say(dossier_json(dossier, commands))
    else:
        print_dossier(console(), dossier, commands)


@app.command(epilog="Example:  recipe-sweep best demo", rich_help_panel=Panel.RESULTS)
def best(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    beside: Annotated[
        Path | None,
        typer.Option("--beside", metavar="DIR", help="Another sweep's directory, to compare with.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the best configuration of each design and dataset, with its corrected score; of a search, of each study."""
    from recipe_sweep.sweep.cli.actions.best import BestOptions, show_best
    from recipe_sweep.sweep.planning.opening import Reference

    show_best(BestOptions(Reference(grid, directory, overrides or ()), beside, as_json))


@app.command(epilog="Example:  recipe-sweep logs demo --follow", rich_help_panel=Panel.WATCH)
def logs(
    grid: GridArgument,
    directory: DirectoryOption = None,
    run_id: RunOption = None,
    pack_id: Annotated[
        str | None,
        typer.Option(
            "--pack", metavar="PACK_ID", help="The log of this pack, by (the beginning of) its id.", show_default=False
        ),
    ] = None,
    engine: Annotated[bool, typer.Option("--engine", help="The log of Ray in the newest launch.")] = False,
    attempt: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=1_000_000, help="The log of this attempt.  [default: the newest]", show_default=False
        ),
    ] = None,
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="LINES", min=1, max=1_000_000, help="How many lines from the end.")
    ] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print new lines until the process ends.")] = False,
) -> None:
    """Print the end of a log: of the newest attempt that failed, else of the running packs, or as the options say."""
    from recipe_sweep.sweep.cli.actions.logs import LogOptions, print_logs
    from recipe_sweep.sweep.planning.opening import Reference

    print_logs(LogOptions(Reference(grid, directory), run_id, pack_id, engine, attempt, lines, follow))


@app.command(epilog="Example:  recipe-sweep cancel demo", rich_help_panel=Panel.TRAIN)
def cancel(
    grid: GridArgument,
    directory: DirectoryOption = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the launch has ended.")] = True,
    cluster: Annotated[
        Path | None,
        typer.Option(
            "--cluster",
            metavar="FILE",
            help="The cluster's file, if the launch was started there from another machine or directory.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Ask the launch of a sweep, here or on another machine, to stop as after Ctrl-C."""
    from recipe_sweep.sweep.cli.actions.cancel import CancelOptions, cancel_launch
    from recipe_sweep.sweep.planning.opening import Reference

    cancel_launch(CancelOptions(Reference(grid, directory), wait, cluster))


@app.command(epilog="Example:  recipe-sweep doctor demo", rich_help_panel=Panel.WATCH)
def doctor(
    grid: Annotated[
        str | None,
        typer.Argument(
            metavar="GRID", help="A grid file, a preset's name, or a sweep's directory.", autocompletion=complete_grid,
            show_default=False,
        ),
    ] = None,
    directory: DirectoryOption = None,
    cluster: ClusterOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Look for faults: in a sweep's files, and, with --cluster, in what a launch needs before it can start."""
    from recipe_sweep.sweep.cli.actions.doctor import DoctorOptions, look_for_faults

    if not look_for_faults(DoctorOptions(grid, directory, cluster, as_json)):
        raise typer.Exit(ExitCode.FAILURE)
