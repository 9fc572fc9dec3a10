"""The commands from a first grid to trained runs: they make a request of their arguments, and print how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import (
    CalibrateOption,
    ClusterOption,
    DataOption,
    DirectoryOption,
    GridArgument,
    JsonOption,
    KeepOption,
    MlflowOption,
    OnlyOption,
    RehearsalDirectoryOption,
    RetryOption,
    RunOption,
    SetOption,
    StoreOption,
)
from recipe_sweep.sweep.cli.shared import console, open_sweep, rehearsed_workload, workload
from recipe_sweep.sweep.cli.streams import say, warn

if TYPE_CHECKING:
    from recipe_sweep.sweep.files.sweep_file import DataPins
    from recipe_sweep.sweep.opening import Target
    from recipe_sweep.sweep.planning.request import LaunchRequest
    from recipe_sweep.sweep.store.base import Store

app = typer.Typer()


@app.command(epilog="Example:  recipe-sweep init my-grid.yaml")
def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The grid file to write.")] = Path("grid.yaml"),
    preset: Annotated[str, typer.Option(metavar="NAME", help="The preset to start from.")] = "starter",
) -> None:
    """Write a commented grid file to start from."""
    from recipe_sweep.search_spaces.presets import preset_text

    text = preset_text(preset)
    if path.exists():
        raise UserInputError(Problem(str(path), found="a file that is there already", expected="a name that is free"))
    path.write_text(text, encoding="utf-8")
    say(f"wrote {path}; edit it, then: {pasted('recipe-sweep', 'plan', path)}")


@app.command(epilog="Example:  recipe-sweep plan figure7 --only task=2ant")
def plan(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    retry_failed: RetryOption = False,
    measure: CalibrateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a launch would train and why, what is done, and what the rest takes in time and money."""
    from recipe_sweep.sweep.cli.show.plan import plan_json, print_plan
    from recipe_sweep.sweep.cli.show.search import progress_line
    from recipe_sweep.sweep.clusters.machines import load_machines
    from recipe_sweep.sweep.estimates.calibration import calibrate
    from recipe_sweep.sweep.estimates.estimate import estimate
    from recipe_sweep.sweep.planning.request import plan_of
    from recipe_sweep.sweep.planning.search_rounds import next_points

    target, request = _request(grid, directory, overrides, only, cluster, None, None, retry_failed)
    if target.grid.search is not None:
        target = replace(target, points=(*target.points, *next_points(target.grid, target.paths)))
        request = replace(request, points=target.points)
        if not as_json:
            say(progress_line(target))
    planned, machines = plan_of(request), load_machines(cluster)
    if measure and planned.packs:
        calibrate(target.paths, planned.packs, request.resources)
    estimated = estimate(planned, target.paths, machines, request.workload)
    if as_json:
        say(plan_json(target, planned, machines, estimated))
    else:
        print_plan(console(), target, planned, machines, estimated)


@app.command(epilog="Example:  recipe-sweep launch my-grid.yaml --cluster local.yaml")
def launch(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    data: DataOption = None,
    keep: KeepOption = None,
    retry_failed: RetryOption = False,
    store: StoreOption = None,
    mlflow: MlflowOption = True,
) -> None:
    """Train every run of the grid that is not done yet. Ctrl-C stops it; the same command goes on."""
    from recipe_sweep.sweep.clusters.machines import check_drivable
    from recipe_sweep.sweep.opening import check_not_elsewhere

    check_drivable(cluster, grid)
    check_not_elsewhere(grid, directory, overrides or ())
    kept_in = _stored(grid, directory, overrides, store)

    def asked() -> tuple[Target, LaunchRequest]:
        target, request = _request(grid, directory, overrides, only, cluster, data, keep, retry_failed)
        return target, replace(request, store=kept_in)

    _launch_rounds(grid, asked, mlflow)


@app.command(epilog="Example:  recipe-sweep rehearse figure7 --cluster cluster.yaml")
def rehearse(
    grid: GridArgument,
    directory: RehearsalDirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    seconds_per_run: Annotated[
        float, typer.Option(min=0.0, max=86_400.0, metavar="SECONDS", help="How long each run of a pack pretends to train.")
    ] = 0.0,
    store: StoreOption = None,
    mlflow: MlflowOption = True,
) -> None:
    """Go through a whole sweep with made-up results, to try a cluster and a report before paying for them."""
    from recipe_sweep.sweep.clusters.machines import check_drivable
    from recipe_sweep.sweep.files.sweep_file import Rehearsal
    from recipe_sweep.sweep.opening import rehearsal_directory

    check_drivable(cluster, grid)
    directory = rehearsal_directory(grid, directory, overrides or ())
    kept_in = _stored(grid, directory, overrides, store)

    def rehearsed() -> tuple[Target, LaunchRequest]:
        target, request = _request(grid, directory, overrides, only, cluster, None, None, retry_failed=False)
        return target, replace(request, workload=rehearsed_workload(), rehearsal=Rehearsal(seconds_per_run), store=kept_in)

    _launch_rounds(grid, rehearsed, mlflow)


@app.command(epilog="Example:  recipe-sweep retry my-grid.yaml --only seed=0")
def retry(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    data: DataOption = None,
    mlflow: MlflowOption = True,
) -> None:
    """Train what failed again, and nothing else, as if for the first time."""
    from recipe_sweep.sweep.clusters.machines import check_drivable
    from recipe_sweep.sweep.monitoring.status import failed_runs
    from recipe_sweep.sweep.planning.request import plan_of

    check_drivable(cluster, grid)
    kept_in = _stored(grid, directory, overrides, None)
    target, request = _request(grid, directory, overrides, only, cluster, data, None, True)
    failed = failed_runs(target.begun().points, target.paths, request.selected)
    if not failed:
        waiting = plan_of(request).runs
        goes_on = f"; {counted(waiting, 'run')} wait, with which this goes on: {pasted('recipe-sweep', 'launch', grid)}"
        say(f"no run has failed{goes_on if waiting else ''}")
        return
    _launch(grid, target, replace(request, selected=failed, store=kept_in), mlflow)


@app.command(epilog="Example:  recipe-sweep run demo --only decomposition=mix --only seed=0 --pdb")
def run(
    grid: GridArgument,
    run_id: RunOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    data: DataOption = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda, or one GPU such as cuda:0.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, max=1_024, help="Threads for its arithmetic.")] = 1,
    curve: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write its evaluations to this CSV file.", show_default=False)
    ] = None,
    debug: Annotated[bool, typer.Option("--pdb", help="Open the debugger where it fails.")] = False,
) -> None:
    """Train one run in this process and print its curve; nothing is recorded. Of several, the first is taken."""
    from recipe_sweep.sweep.cli.show.bars import stages
    from recipe_sweep.sweep.cli.show.plan import point_lines
    from recipe_sweep.sweep.opening import one_run
    from recipe_sweep.sweep.worker.one_run import run_alone, write_curve
    from recipe_sweep.trainers.data.catalogue import default_data_root

    target = open_sweep(grid, None, overrides)
    points = target.selected(only or ())
    if not points:
        raise UserInputError(Problem(grid, found="a search that has asked for nothing yet", expected="a run to train"))
    point = points[0] if run_id is None else one_run(points, run_id)
    for line in point_lines(point):
        say(line)
    with _debugger(debug), stages(shown=not debug) as begin:
        alone = run_alone(
            point,
            data or default_data_root(),
            device,
            threads,
            lambda text: say(text, flush=True),
            begin("training"),
            workload(),
            _pins(target),
        )
    result, last = alone.result, alone.result.curve[-1]
    say(
        f"{1000 * alone.cpu_s / last.step:,.1f} ms of CPU time per step with its evaluations, {alone.cpu_s:,.0f} s in all, "
        f"memory {alone.peak_bytes / 1e9:.2f} GB at its largest"
    )
    if curve is not None:
        write_curve(curve, alone)
    say(f"{result.status}: score {alone.scale.score(last.return_mean):.3f}; nothing was recorded")


def _pins(target: Target) -> DataPins:
    """What the target's sweep has pinned of its data; nothing where it has not begun, or is a rehearsal."""
    from recipe_sweep.sweep.files.sweep_file import NO_PINS, read_sweep_file

    sweep = read_sweep_file(target.paths)
    return NO_PINS if sweep is None or sweep.rehearsal is not None else sweep.pins


def _launch_rounds(grid: str, request: Callable[[], tuple[Target, LaunchRequest]], mlflow: bool) -> None:
    """Train what is asked for; of a search, round after round, until its trials are done."""
    from recipe_sweep.sweep.cli.show.search import progress_line
    from recipe_sweep.sweep.planning.request import plan_of
    from recipe_sweep.sweep.planning.search_rounds import ask_round, next_points

    target, asked = request()
    if target.grid.search is None:
        _launch(grid, target, asked, mlflow)
        return
    plan_of(asked)  # Refuses a directory of another kind before a round is written to it.
    while True:
        ask_round(target.grid, target.paths)
        target, asked = request()
        say(progress_line(target))
        try:
            _launch(grid, target, asked, mlflow)
        except typer.Exit as end:  # A run that is given up leaves its trial without a score, and does not end the search.
            if end.exit_code != ExitCode.FAILURE or not next_points(target.grid, target.paths):
                raise
        if not next_points(target.grid, target.paths):
            return


def _launch(grid: str, target: Target, request: LaunchRequest, mlflow: bool) -> None:
    """Train what a request asks for, and say how it went."""
    from recipe_sweep.sweep.cli.show.launch_end import mlflow_beside, tell_end, tell_where
    from recipe_sweep.sweep.cli.show.plan import print_work
    from recipe_sweep.sweep.clusters.machines import machines_here
    from recipe_sweep.sweep.errors import SweepDirectoryError
    from recipe_sweep.sweep.estimates.estimate import estimate
    from recipe_sweep.sweep.files.overlooked import tell_now
    from recipe_sweep.sweep.launch.launch import launch as run_launch
    from recipe_sweep.sweep.planning.request import plan_of
    from recipe_sweep.sweep.store.sync import store_the_rest

    planned = plan_of(request)
    if planned.held and not planned.packs:
        raise SweepDirectoryError(*(problem for error in planned.damaged for problem in error.problems))
    if not planned.packs:
        if request.store is not None and target.paths.lock_file.exists():
            store_the_rest(request.store, target.paths)
        say(f"{len(planned.kept)} of {planned.selected} done, nothing to do")
        tell_where(target.paths.root, mlflow)
        if planned.gave_up:
            count = len(planned.gave_up)
            say(f"{counted(count, 'run')} failed earlier; try {agreeing(count, 'it', 'them')} again with --retry-failed")
            raise typer.Exit(ExitCode.FAILURE)
        return
    from recipe_sweep.sweep.cli.show.live import LaunchDisplay

    screen = console()
    machines = machines_here(request.resources)
    estimated = estimate(planned, target.paths, machines, request.workload)
    print_work(screen, planned, machines, estimated, request.rehearsal is not None)
    tell_now(warn)
    with LaunchDisplay(screen) as display:
        end = run_launch(request, display, lambda: mlflow_beside(target.paths.root, mlflow))
    tell_end(screen, end, grid, target.paths.root)
    tell_where(target.paths.root, mlflow)
    if end.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if end.status.failed or end.hopeless or end.status.waiting:
        raise typer.Exit(ExitCode.FAILURE)


def _stored(grid: str, directory: Path | None, overrides: list[str] | None, given: str | None) -> Store | None:
    """The sweep's store, if it has one, all that is stored fetched. Raises LeaseHeldError where a launch is at work."""
    from recipe_sweep.sweep.opening import store_of, sweep_paths
    from recipe_sweep.sweep.store.lease import check_free
    from recipe_sweep.sweep.store.sync import fetch

    paths = sweep_paths(grid, directory, overrides or ())
    store = store_of(paths, given)
    if store is not None:
        check_free(store, paths)
        fetch(store, paths)
    return store


def _request(
    grid: str,
    directory: Path | None,
    overrides: list[str] | None,
    only: list[str] | None,
    cluster: Path | None,
    data: Path | None,
    keep: Any,
    retry_failed: bool,
) -> tuple[Target, LaunchRequest]:
    from recipe_sweep.sweep.clusters.machines import load_resources
    from recipe_sweep.sweep.planning.request import LaunchRequest

    target = open_sweep(grid, directory, overrides)
    if only and target.grid.search is not None:
        raise UserInputError(
            Problem(f"--only {only[0]}", found="a part of a search", expected="the whole: its rounds are asked of all studies")
        )
    selected = frozenset(point.run_id for point in target.selected(only)) if only else None
    return target, LaunchRequest(
        name=target.grid.name,
        grid=target.document,
        points=target.points,
        paths=target.paths,
        resources=load_resources(cluster),
        data_root=data,
        selected=selected,
        keep=keep,
        retry_failed=retry_failed,
        workload=workload(),
    )


@contextmanager
def _debugger(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    import pdb

    try:
        yield
    except Exception as error:
        # Of a plugin's error, where the plugin raised it.
        pdb.post_mortem((error.__cause__ or error).__traceback__)
        raise
