"""`recipe-sweep cluster`: checks a cluster file, and starts, shows and ends its machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.exit_codes import Group
from recipe_sweep.sweep.cli.options import JsonOption
from recipe_sweep.sweep.cli.streams import say, tell, warn

if TYPE_CHECKING:
    from recipe_sweep.cluster.backends.base import Command
    from recipe_sweep.sweep.clusters.machines import Cluster

app = typer.Typer(
    cls=Group,
    rich_markup_mode="rich",
    help="Write and check cluster files; start, show and end the machines that they describe.",
)


def _complete_backend(incomplete: str) -> list[str]:
    from recipe_sweep.sweep.clusters.samples import sample_names

    return [name for name in sample_names() if name.startswith(incomplete)]


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A cluster file, or an unchanged file of `ray up`.")]
BackendArgument = Annotated[
    str,
    typer.Argument(
        metavar="BACKEND", help="The kind of machines, such as local, aws or slurm.", autocompletion=_complete_backend
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be generated and run; write and start nothing.")
]


@app.command(epilog="Example:  recipe-sweep cluster validate aws.yaml")
def validate(file: FileArgument, as_json: JsonOption = False) -> None:
    """Check a cluster file, and show the resources and the cost of its machines."""
    from recipe_sweep.sweep.cli.show.cluster import cluster_lines
    from recipe_sweep.sweep.cli.show.cluster_json import cluster_json
    from recipe_sweep.sweep.clusters.placeholders import placeholders

    cluster = _cluster(file)
    cluster.check_here()
    for left in placeholders(cluster.document):
        warn(f"{left.file}:{left.line}: {left.key} is {left.found}; fill it in before a launch")
    if as_json:
        say(cluster_json(cluster))
        return
    for line in cluster_lines(cluster):
        tell(line)


@app.command(epilog="Example:  recipe-sweep cluster init aws")
def init(backend: BackendArgument) -> None:
    """Print a cluster file to start from, with a comment on every key; `> aws.yaml` keeps it."""
    from recipe_sweep.sweep.clusters.samples import sample_text

    say(sample_text(backend), end="")


@app.command(epilog="Example:  recipe-sweep cluster prices --refresh --region eu-west-1")
def prices(
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help="A region of AWS.  [default: us-east-1]", show_default=False)
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="First read today's prices from AWS, and keep them in a file of your own.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what machines of AWS cost, with the source and the date of each price."""
    from recipe_sweep.sweep.cli.actions.prices import PricesOptions, show_prices

    show_prices(PricesOptions(region, refresh, as_json))


@app.command(epilog="Example:  recipe-sweep cluster up slurm.yaml --grid figure7_small --dry-run")
def up(
    file: FileArgument,
    grid: Annotated[
        str | None,
        typer.Option("--grid", metavar="GRID", help="Also train this grid there: a grid file, or a preset's name."),
    ] = None,
    dry_run: DryRunOption = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="With --dry-run: write the generated files, the wheel and the commands into this empty directory.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Start the machines, or submit the job, with exactly this code. --grid trains a grid on them and then ends them."""
    from recipe_sweep.sweep.cli.actions.bring_up import bring_up_cluster, show_order

    if output is not None and not dry_run:
        _refuse_output(output)
    if dry_run:
        show_order(_cluster(file), grid, output)
    else:
        bring_up_cluster(_cluster(file, to_start=True), grid)


@app.command(epilog="Example:  recipe-sweep cluster status aws.yaml")
def status(file: FileArgument, dry_run: DryRunOption = False, as_json: JsonOption = False) -> None:
    """Show whether the machines are up, since when, and the most that they have cost so far."""
    from recipe_sweep.sweep.cli.show.cluster import record_lines
    from recipe_sweep.sweep.clusters.jobs import look_at, run_command

    cluster = _known(file)
    if as_json:
        _print_state(cluster, dry_run)
        return
    record, command = look_at(cluster)
    if record is not None:
        for line in record_lines(cluster, record):
            tell(line)
    if dry_run:
        _print_commands((command,))
    else:
        run_command(cluster, command)


@app.command(epilog="Example:  recipe-sweep cluster down aws.yaml")
def down(file: FileArgument, dry_run: DryRunOption = False) -> None:
    """End the machines, or the job. Results stay where they are."""
    from recipe_sweep.sweep.cli.actions.bring_down import bring_down_cluster
    from recipe_sweep.sweep.cli.actions.elsewhere import is_noted
    from recipe_sweep.sweep.clusters.jobs import down_commands

    cluster = _cluster(file)
    if not is_noted(cluster):  # What is noted here is ended, whatever a store says.
        cluster = _known(file)
    if dry_run:
        _print_commands(down_commands(cluster))
    else:
        bring_down_cluster(cluster)


def _cluster(file: Path, *, to_start: bool = False) -> Cluster:
    from recipe_sweep.sweep.clusters.machines import load_cluster

    return load_cluster(file, to_start=to_start)


def _refuse_output(output: Path) -> None:
    from recipe_sweep.search_spaces.errors import Problem, UserInputError

    hint = "without --dry-run, files are written beside the cluster file"
    raise UserInputError(Problem("--output", found=f"{output} without --dry-run", expected="both options, or none", hint=hint))


def _known(file: Path) -> Cluster:
    """Read a cluster file, and note here if its cluster is up or down by somebody on another machine."""
    from recipe_sweep.sweep.cli.actions.elsewhere import elsewhere_of_file

    cluster = _cluster(file)
    elsewhere_of_file(cluster).agree()
    return cluster


def _print_state(cluster: Cluster, dry_run: bool) -> None:
    from recipe_sweep.sweep.cli.show.cluster_json import state_json
    from recipe_sweep.sweep.clusters.jobs import answer_of, look_at

    record, command = look_at(cluster)
    say(state_json(cluster, record, command, None if dry_run else answer_of(cluster, command)))


def _print_commands(commands: tuple[Command, ...]) -> None:
    for command in commands:
        say(f"$ {pasted(*command)}")
