"""The commands from a first grid to trained runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import (
    LARGEST_SEED,
    AtEndOption,
    CalibrateOption,
    ClusterOption,
    DataOption,
    DirectoryOption,
    GridArgument,
    JsonOption,
    KeepOption,
    MlflowOption,
    NotifyOption,
    OnlyOption,
    Panel,
    RehearsalDirectoryOption,
    RenumberOption,
    RetryOption,
    RunOption,
    SetOption,
    StoreOption,
    complete_run,
)
from recipe_sweep.sweep.cli.shared import rehearsed_workload, workload

app = typer.Typer()


@app.command(epilog="Example:  recipe-sweep init my-grid.yaml", rich_help_panel=Panel.START)
def init(
    path: Annotated[Path, typer.Argument(metavar="NAME", help="The grid file to write; the sweep is named after it.")] = Path(
        "grid.yaml"
    ),
    preset: Annotated[str, typer.Option(metavar="NAME", help="The preset to start from.")] = "starter",
) -> None:
    """Write a commented grid file to start from, and beside it the schema by which editors complete it."""
    from recipe_sweep.sweep.cli.actions.new_grid import write_grid

    write_grid(path if path.suffix else path.with_suffix(".yaml"), preset)


@app.command(epilog="Example:  recipe-sweep schema -o grid.schema.json", rich_help_panel=Panel.START)
def schema(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write it to this file.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of grid files, by which editors complete and check them. It has the words of plugins, too."""
    from recipe_sweep.sweep.cli.actions.new_grid import write_schema

    write_schema(out)


@app.command(epilog="Example:  recipe-sweep plan figure7 --only task=2ant", rich_help_panel=Panel.START)
def plan(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    retry_failed: RetryOption = False,
    measure: CalibrateOption = False,
    list_them: Annotated[bool, typer.Option("--list", help="Also list the runs that would be trained.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a launch would train and why, what is done, and the time and cost of the rest."""
    from recipe_sweep.sweep.cli.actions.plan import PlanOptions, show_plan
    from recipe_sweep.sweep.launch.options import LaunchOptions
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, directory, overrides or ())
    launch = LaunchOptions(reference, only or (), cluster, retry_failed=retry_failed, workload=workload())
    show_plan(PlanOptions(launch, measure, list_them, as_json))


@app.command(epilog="Example:  recipe-sweep launch my-grid.yaml --cluster local.yaml", rich_help_panel=Panel.TRAIN)
def launch(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    data: DataOption = None,
    keep: KeepOption = None,
    retry_failed: RetryOption = False,
    renumber: RenumberOption = False,
    store: StoreOption = None,
    mlflow: MlflowOption = True,
    notify: NotifyOption = None,
    at_end: AtEndOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start the machines of a cluster without asking.")] = False,
    over_budget: Annotated[bool, typer.Option("--over-budget", help="Start machines also if the plan needs more.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return when a cluster has started; do not follow it.")] = False,
) -> None:
    """Train every run of the grid that is not done yet, here or on a cluster. Ctrl-C stops it; the same command continues.

    On a cluster that has to be started, Ctrl-C only stops following; the same command follows again.
    """
    from recipe_sweep.sweep.cli.actions.launch import launch_grid
    from recipe_sweep.sweep.cli.actions.launch_on_cluster import Consent
    from recipe_sweep.sweep.launch.options import LaunchOptions
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, directory, overrides or ())
    options = LaunchOptions(
        reference, only or (), cluster, data, keep, retry_failed=retry_failed, renumber=renumber, store=store, mlflow=mlflow,
        workload=workload(), notify=notify, at_end=at_end,
    )  # fmt: skip
    launch_grid(options, Consent(yes, over_budget, detach))


@app.command(epilog="Example:  recipe-sweep rehearse figure7 --null --dir sweeps/null", rich_help_panel=Panel.TRAIN)
def rehearse(
    grid: GridArgument,
    directory: RehearsalDirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    seconds_per_run: Annotated[
        float, typer.Option(min=0.0, max=86_400.0, metavar="SECONDS", help="How long each run of a pack pretends to train.")
    ] = 0.0,
    null: Annotated[bool, typer.Option("--null", help="Make up results in which no design is better than another.")] = False,
    as_paper: Annotated[
        bool, typer.Option("--as-paper", help="Make up results as the paper reports them: Mix is best, AWR beats BRAC.")
    ] = False,
    store: StoreOption = None,
    mlflow: MlflowOption = True,
    notify: NotifyOption = None,
    at_end: AtEndOption = None,
) -> None:
    """Run a whole sweep with made-up results, to try a cluster and a report before paying for training."""
    from recipe_sweep.sweep.cli.actions.launch import chosen_world, launch_grid
    from recipe_sweep.sweep.files.sweep_file import Rehearsal
    from recipe_sweep.sweep.launch.options import LaunchOptions
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, directory, overrides or ())
    rehearsal = Rehearsal(seconds_per_run, chosen_world(null=null, as_paper=as_paper))
    options = LaunchOptions(
        reference, only or (), cluster, store=store, mlflow=mlflow, workload=rehearsed_workload(), rehearsal=rehearsal,
        notify=notify, at_end=at_end,
    )  # fmt: skip
    launch_grid(options)


@app.command(epilog="Example:  recipe-sweep retry my-grid.yaml --only seed=0", rich_help_panel=Panel.TRAIN)
def retry(
    grid: GridArgument,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    cluster: ClusterOption = None,
    data: DataOption = None,
    mlflow: MlflowOption = True,
    notify: NotifyOption = None,
    at_end: AtEndOption = None,
) -> None:
    """Train the failed runs again, and nothing else. Earlier failures no longer count."""
    from recipe_sweep.sweep.cli.actions.launch import retry_failed
    from recipe_sweep.sweep.launch.options import LaunchOptions
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, directory, overrides or ())
    options = LaunchOptions(
        reference, only or (), cluster, data, retry_failed=True, mlflow=mlflow, workload=workload(),
        notify=notify, at_end=at_end,
    )  # fmt: skip
    retry_failed(options)


@app.command(epilog="Example:  recipe-sweep run demo --only decomposition=mix --only seed=0 --pdb", rich_help_panel=Panel.TRAIN)
def run(
    grid: GridArgument,
    run_id: RunOption = None,
    overrides: SetOption = None,
    only: OnlyOption = None,
    data: DataOption = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda, or one GPU such as cuda:0.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, max=1_024, help="CPU threads for the training.")] = 1,
    curve: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the evaluations to this CSV file.", show_default=False)
    ] = None,
    debug: Annotated[bool, typer.Option("--pdb", help="Open the debugger if the run fails.")] = False,
) -> None:
    """Train one run in this process and print its curve; nothing is recorded. If several match, train the first."""
    from recipe_sweep.sweep.cli.actions.train_one import RunOptions, train_one
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, overrides=overrides or ())
    train_one(RunOptions(reference, run_id, only or (), data, device, threads, curve, debug))


@app.command(epilog="Example:  recipe-sweep replay demo --sample 3", rich_help_panel=Panel.WATCH)
def replay(
    grid: GridArgument,
    run_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN_ID",
            help="The runs, by (the beginning of) their ids.",
            autocompletion=complete_run,
            show_default=False,
        ),
    ] = None,
    directory: DirectoryOption = None,
    overrides: SetOption = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            min=1,
            max=1_000_000,
            metavar="N",
            help="Take N finished runs of the grid at random.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The seed of --sample.")] = 0,
    only: OnlyOption = None,
    alone: Annotated[
        bool,
        typer.Option(
            "--alone",
            help="Train runs without their packs also where bits depend on these: GPUs, older numerics.",
        ),
    ] = False,
    data: DataOption = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="DEVICE", help="auto, cpu, cuda, or one GPU such as cuda:0.  [default: as recorded]", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train finished runs again and compare with the record, bit for bit; nothing is recorded. Exit code 1 for other bits."""
    from recipe_sweep.sweep.cli.actions.replay import ReplayOptions, replay_runs
    from recipe_sweep.sweep.planning.opening import Reference

    reference = Reference(grid, directory, overrides or ())
    options = ReplayOptions(reference, run_ids or (), sample, seed, only or (), alone, data, device, as_json)
    if not replay_runs(options):
        raise typer.Exit(ExitCode.FAILURE)
