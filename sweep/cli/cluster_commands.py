"""`recipe-sweep cluster`: checking a cluster file, starting what it describes, looking at it, ending it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.streams import say

if TYPE_CHECKING:
    from recipe_sweep.cluster.backends.base import Command
    from recipe_sweep.sweep.clusters.machines import Cluster

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Check, start, look at and end the machines that a cluster file describes.",
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A cluster file of ours, or one of `ray up` as it is.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be generated and run; write and start nothing.")
]


@app.command(epilog="Example:  recipe-sweep cluster validate aws.yaml")
def validate(file: FileArgument) -> None:
    """Check a cluster file, and show what its machines hold and may cost."""
    from recipe_sweep.sweep.cli.show.cluster import cluster_lines

    for line in cluster_lines(_cluster(file)):
        say(line)


@app.command(epilog="Example:  recipe-sweep cluster up slurm.yaml --grid figure7_small --dry-run")
def up(
    file: FileArgument,
    grid: Annotated[
        str | None,
        typer.Option(
            "--grid", metavar="GRID", help="Send this grid along and train it there: a grid file, or a preset's name."
        ),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Start the machines, or submit the job, with this very code; --grid trains a grid on them and ends them after it."""
    from recipe_sweep.sweep.cli.show.cluster import cluster_lines, order_lines
    from recipe_sweep.sweep.clusters.jobs import bring_up, prepare, scratch_directory

    cluster = _cluster(file)
    with scratch_directory() as scratch:
        order = prepare(cluster, grid, scratch)
        if dry_run:
            for line in order_lines(order):
                say(line)
            return
        for line in cluster_lines(cluster):
            say(line)
        if order.wheel is not None:
            say(f"code     {order.wheel.name}, sha256 {order.wheel.sha256}")
        bring_up(order, scratch, print)


@app.command(epilog="Example:  recipe-sweep cluster status aws.yaml")
def status(file: FileArgument, dry_run: DryRunOption = False) -> None:
    """Show how the machines are, since when, and what they cost at most so far."""
    from recipe_sweep.sweep.cli.show.cluster import record_lines
    from recipe_sweep.sweep.clusters.jobs import look_at, run_command

    cluster = _cluster(file)
    record, command = look_at(cluster)
    if record is not None:
        for line in record_lines(cluster, record):
            say(line)
    if dry_run:
        _print_commands((command,))
    else:
        run_command(cluster, command)


@app.command(epilog="Example:  recipe-sweep cluster down aws.yaml")
def down(file: FileArgument, dry_run: DryRunOption = False) -> None:
    """End the machines, or the job. Results stay on the file system that they share."""
    from recipe_sweep.sweep.clusters.jobs import bring_down, down_commands

    cluster = _cluster(file)
    if dry_run:
        _print_commands(down_commands(cluster))
    else:
        bring_down(cluster)


def _cluster(file: Path) -> Cluster:
    from recipe_sweep.sweep.clusters.machines import load_cluster

    return load_cluster(file)


def _print_commands(commands: tuple[Command, ...]) -> None:
    for command in commands:
        say(f"$ {pasted(*command)}")
