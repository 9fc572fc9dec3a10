"""The commands for looking at a sweep, and for stopping it: they train nothing, and all but `cancel` write nothing."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import (
    DirectoryOption,
    GridArgument,
    JsonOption,
    OnlyOption,
    RunArgument,
    RunOption,
    SetOption,
)
from recipe_sweep.sweep.cli.shared import console, open_sweep, without_garbage_collection
from recipe_sweep.sweep.cli.streams import say

if TYPE_CHECKING:
    from rich.console import Console

    from recipe_sweep.sweep.monitoring.status import SweepWatcher

app = typer.Typer()

WATCH_EVERY_S = 2.0


@app.command(epilog="Example:  recipe-sweep status demo --watch")
def status(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how a sweep stands: progress, speed, time to go, cost so far, failures by cause, stuck packs."""
    from recipe_sweep.sweep.cli.show.status import print_status, status_json
    from recipe_sweep.sweep.monitoring.status import SweepWatcher
    from recipe_sweep.sweep.results.done import read_done

    with nullcontext() if watch else without_garbage_collection():
        target = open_sweep(grid, directory, overrides)
        selected = {point.run_id for point in target.selected(only or ())}
        watcher = SweepWatcher(target.points, target.paths, selected)
        screen = console()
        if watch:
            _watch(watcher, screen)
        look, axes = watcher.look(), watcher.by_axis(read_done(target.paths))
    if as_json:
        say(status_json(target, look, axes))
    else:
        print_status(screen, target, look, axes)
        if target.grid.search is not None:
            from recipe_sweep.sweep.cli.show.search import progress_line

            say(progress_line(target))


def _watch(watcher: SweepWatcher, screen: Console) -> None:
    """Show how a sweep stands until Ctrl-C: a table on a terminal, a line now and then in a file or a pipe."""
    import time

    from recipe_sweep.sweep.cli.show.live import LaunchDisplay

    with LaunchDisplay(screen, transient=False) as display:
        while True:
            display.show(watcher.look())
            time.sleep(WATCH_EVERY_S)


@app.command(epilog="Example:  recipe-sweep explain demo 3fa9")
def explain(
    grid: GridArgument,
    run_id: RunArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all there is to know of one run: what, why, attempts, result, cost, files, and how to rerun it."""
    from recipe_sweep.sweep.cli.show.run import dossier_json, print_dossier
    from recipe_sweep.sweep.monitoring.run_history import RunState, open_dossier

    with without_garbage_collection():
        target = open_sweep(grid, directory, overrides)
        dossier = open_dossier(target, run_id)
    again = None
    if dossier.state is not RunState.OUTSIDE:
        options = [word for text in overrides or () for word in ("--set", text)]
        again = pasted("recipe-sweep", "run", grid, *options, "--run", dossier.point.run_id)
    if as_json:
        say(dossier_json(dossier, again))
    else:
        print_dossier(console(), dossier, again or "the grid no longer has this run: put its values back first")


@app.command(epilog="Example:  recipe-sweep best search_spread --beside sweeps/demo")
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
    """Show the best alpha and tau that a search has found in each study, beside those of another sweep."""
    from recipe_sweep.search_spaces.errors import Problem, UserInputError
    from recipe_sweep.sweep.cli.show.search import best_json, best_table, compared, progress_line
    from recipe_sweep.sweep.files.paths import SweepPaths
    from recipe_sweep.sweep.opening import open_target

    target = open_sweep(grid, directory, overrides)
    if target.grid.search is None:
        raise UserInputError(Problem(grid, key="search", found="nothing", expected="a grid that searches alpha"))
    target.begun()
    other = SweepPaths(open_target(str(beside)).begun().paths.root) if beside is not None else None
    pairs = compared(target, other)
    if as_json:
        say(best_json(pairs))
        return
    say(progress_line(target))
    console().print(best_table(pairs))


@app.command(epilog="Example:  recipe-sweep logs demo --follow")
def logs(
    grid: GridArgument,
    directory: DirectoryOption = None,
    run_id: RunOption = None,
    pack_id: Annotated[
        str | None,
        typer.Option("--pack", metavar="PACK_ID", help="Of this pack, by (the beginning of) its id.", show_default=False),
    ] = None,
    engine: Annotated[bool, typer.Option("--engine", help="Of the newest launch's engine: Ray's own.")] = False,
    attempt: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=1_000_000, help="Of this attempt.  [default: the newest]", show_default=False),
    ] = None,
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="LINES", min=1, max=1_000_000, help="How many lines from the end.")
    ] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is added, until its process ends.")] = False,
) -> None:
    """Print the end of a log: of the newest attempt that failed, else of the running packs, or as the options say."""
    from recipe_sweep.search_spaces.errors import Problem
    from recipe_sweep.sweep.errors import UnknownLogError
    from recipe_sweep.sweep.monitoring import logs as log_files
    from recipe_sweep.sweep.monitoring.run_history import find_run

    log_files.only_one((("--run", run_id), ("--pack", pack_id), ("--engine", engine)))
    if attempt is not None and run_id is None and pack_id is None:
        raise UnknownLogError(Problem(f"--attempt {attempt}", found="no --run or --pack beside it", expected="one of them"))
    with without_garbage_collection():
        target = open_sweep(grid, directory, None)
        paths = target.paths
        if run_id is not None:
            found = [log_files.run_log(paths, find_run(target, run_id).run_id, attempt)]
        elif pack_id is not None:
            found = [log_files.attempt_log(paths, pack_id, attempt)]
        elif engine:
            found = [log_files.engine_log(paths)]
        else:
            found = list(log_files.interesting_logs(paths))
    for log in found:
        say(f"==> {log.title}: {log.path}")
        say("\n".join(log_files.last_lines(log, lines)), flush=True)
    if not found:
        say(log_files.no_log(paths))
    elif follow and found[0].path.exists():
        if len(found) > 1:
            say(f"==> following {found[0].title}; --pack names another", flush=True)
        for text in log_files.follow(found[0]):
            say(text, end="", flush=True)


@app.command(epilog="Example:  recipe-sweep cancel demo")
def cancel(
    grid: GridArgument,
    directory: DirectoryOption = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is gone.")] = True,
) -> None:
    """Ask the launch at work on a sweep, here or on another machine, to stop as Ctrl-C would."""
    from recipe_sweep.sweep.cli.show.status import status_line
    from recipe_sweep.sweep.locks.lease import live_launch
    from recipe_sweep.sweep.locks.stop import ask_to_stop, wait_for_end
    from recipe_sweep.sweep.monitoring.status import SweepWatcher, duration

    target = open_sweep(grid, directory, None)
    launch = live_launch(target.paths.lease)
    if launch is None:
        say(f"no launch is at work on {target.paths.root}")
        return
    ask_to_stop(target.paths, launch)
    process = launch.process
    say(f"asked launch {launch.epoch} (host {process.host}, pid {process.pid}) to stop: packs write their checkpoints")
    if not wait:
        return
    watcher = SweepWatcher(target.points, target.paths)
    wait_for_end(
        target.paths, launch, lambda seconds: say(f"after {duration(seconds)}: {status_line(watcher.look())}", flush=True)
    )
    say(f"it is gone; {status_line(watcher.look())}\nthe next launch goes on from the checkpoints")


@app.command(epilog="Example:  recipe-sweep doctor demo")
def doctor(grid: GridArgument, directory: DirectoryOption = None) -> None:
    """Look for what must not be: runs twice, weights missing, torn files, changed data, stuck packs."""
    from recipe_sweep.sweep.monitoring.doctor import Severity, examine

    with without_garbage_collection():
        target = open_sweep(grid, directory, None).begun()
        findings = examine(target.paths)
    for finding in findings:
        say(f"{finding.severity}: {finding.text}" + (f"\n  {finding.remedy}" if finding.remedy else ""))
    if any(finding.severity is Severity.PROBLEM for finding in findings):
        raise typer.Exit(ExitCode.FAILURE)
    say("no problem found")
