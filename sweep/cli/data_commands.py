"""`recipe-sweep data`: lists, fetches, imports, makes, inspects and verifies datasets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.vocabulary import Chance, Source
from recipe_sweep.sweep.cli.exit_codes import ExitCode, Group
from recipe_sweep.sweep.cli.options import LARGEST_SEED, MOST_TRANSITIONS, DataOption, JsonOption
from recipe_sweep.sweep.cli.shared import console
from recipe_sweep.sweep.cli.show.bars import stages
from recipe_sweep.sweep.cli.streams import say, tell

if TYPE_CHECKING:
    from recipe_sweep.trainers.data.inventory import Made
    from recipe_sweep.trainers.data.published.fetch import Imported
    from recipe_sweep.trainers.data.stored.card import Identity

app = typer.Typer(cls=Group, rich_markup_mode="rich", help="List, fetch, import, make, inspect and verify datasets.")

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task, e.g. 2ant.")]
DatasetsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="DATASET", help="Datasets by name.  [default: all]", show_default=False)
]
SourceOption = Annotated[
    Source | None,
    typer.Option("--source", help="The source of the datasets.  [default: the only one that is here]", show_default=False),
]
SizeOption = Annotated[
    int | None, typer.Option("--size", min=1, max=MOST_TRANSITIONS, help="Only home-made datasets of this size.")
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Only home-made datasets of this seed.")
]
ChanceOption = Annotated[Chance | None, typer.Option("--chance", help="Only home-made datasets with so much chance.")]


@app.command("list", epilog="Example:  recipe-sweep data list")
def list_datasets(
    data: DataOption = None,
    here: Annotated[bool, typer.Option("--here", help="Only datasets on this machine.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List all datasets: where they are, how large, and whether they are on this machine."""
    from recipe_sweep.sweep.cli.show.data import print_inventory, print_inventory_end
    from recipe_sweep.sweep.cli.show.data_json import inventory_json
    from recipe_sweep.trainers.data.inventory import State, inventory

    root = _root(data)
    items = [item for item in inventory(root) if not here or item.state is not State.ABSENT]
    if as_json:
        say(inventory_json(items, root))
    else:
        screen = console()
        if items:
            print_inventory(screen, items, root)
        print_inventory_end(screen, items, root)
    if any(item.state is State.BROKEN for item in items):
        raise typer.Exit(ExitCode.FAILURE)


@app.command(epilog="Example:  recipe-sweep data fetch 2ant 3hopper --from https://mirror.example/og-marl")
def fetch(
    tasks: Annotated[list[str], typer.Argument(metavar="TASK...", help="Tasks with published data.")],
    place: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="PLACE", envvar="RECIPE_SWEEP_OG_MARL",
            help="Base address or local directory of the published files.  [default: Hugging Face]",
            show_default=False, show_envvar=True,
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep-archive", help="Keep the downloaded zip after its import.")] = False,
    data: DataOption = None,
) -> None:  # fmt: skip
    """Download and import published OG-MARL datasets. Resumes an interrupted download; several may run at once."""
    from recipe_sweep.trainers.data.published.fetch import HUB, fetch_task, published_task

    for task in tasks:  # Check every name before the first byte is downloaded.
        published_task(task)
    with stages() as begin:
        for task in tasks:
            _tell(fetch_task(task, _root(data), place or HUB, keep, begin))


@app.command("import", epilog="Example:  recipe-sweep data import downloads/2ant.zip")
def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A vault, a folder of vaults, or a zip of vaults.")],
    task: Annotated[str | None, typer.Option("--task", help="The task, if the path does not name it.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="The dataset, if the path does not name it.")] = None,
    data: DataOption = None,
) -> None:
    """Import published OG-MARL vaults that are on this disk."""
    from recipe_sweep.trainers.data.published.fetch import import_path

    with stages() as begin:
        _tell(import_path(path, _root(data), task, dataset, begin))


@app.command(epilog="Example:  recipe-sweep data collect simple_spread expert --size 50000 --seed 1")
def collect(
    task: TaskArgument,
    datasets: DatasetsArgument = None,
    size: Annotated[int, typer.Option("--size", min=1, max=MOST_TRANSITIONS, help="Transitions.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of the generator.")] = 0,
    chance: Annotated[Chance, typer.Option("--chance", help="How much of an episode chance decides.")] = Chance.FULL,
    data: DataOption = None,
) -> None:
    """Make home-made datasets of a task. The same seed makes the same bytes."""
    import time

    from recipe_sweep.trainers.data.catalogue import ensure_dataset
    from recipe_sweep.trainers.data.inventory import homegrown_identities
    from recipe_sweep.trainers.data.stored.card import read_card

    with stages() as begin:
        for identity in homegrown_identities(task, datasets or (), size, seed, chance):
            began = time.perf_counter()
            directory = ensure_dataset(identity, _root(data), begin(f"making {identity}"))
            returns = read_card(directory).returns
            tell(
                f"{identity}: {size:,} transitions, mean return {returns.mean:,.1f} (std {returns.std:,.1f}, "
                f"{counted(returns.episodes, 'episode')}), {time.perf_counter() - began:.1f} s\n  {directory}"
            )


@app.command(epilog="Example:  recipe-sweep data inspect simple_spread --source homegrown -o spread.png")
def inspect(
    task: TaskArgument,
    datasets: DatasetsArgument = None,
    source: SourceOption = None,
    size: SizeOption = None,
    seed: SeedOption = None,
    chance: ChanceOption = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help="Also draw them, as a PNG.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show returns, episode lengths, actions and coverage of datasets, side by side, as a table and a picture."""
    from recipe_sweep.sweep.cli.show.data import draw, inspection_tables
    from recipe_sweep.sweep.cli.show.data_json import inspections_json
    from recipe_sweep.trainers.data.inspection import inspect as look
    from recipe_sweep.trainers.data.inventory import Made

    if out is not None and out.suffix != ".png":
        raise typer.BadParameter("a file that ends in .png", param_hint="--out")
    inspections = look(_present(data, task, datasets, source, Made(size, seed, chance)), _root(data))
    if as_json:
        say(inspections_json(inspections))
    else:
        console().print(*inspection_tables(inspections), sep="\n")
    if out is not None:
        tell(f"figure   {draw(inspections, out)}", file=sys.stderr if as_json else None)


@app.command(epilog="Example:  recipe-sweep data verify simple_spread")
def verify(
    task: TaskArgument,
    datasets: DatasetsArgument = None,
    source: SourceOption = None,
    size: SizeOption = None,
    seed: SeedOption = None,
    chance: ChanceOption = None,
    transitions: Annotated[
        int, typer.Option("--transitions", min=1, max=MOST_TRANSITIONS, help="How many to replay at most.")
    ] = 10_000,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hash every byte of datasets again, and replay stored transitions on the simulator."""
    from recipe_sweep.sweep.cli.show.data import verification_lines
    from recipe_sweep.sweep.cli.show.data_json import verifications_json
    from recipe_sweep.trainers.data.inventory import Made
    from recipe_sweep.trainers.data.verify import verify as check

    found = []
    for identity in _present(data, task, datasets, source, Made(size, seed, chance)):
        found.append(check(identity, _root(data), transitions))
        for line in () if as_json else verification_lines(found[-1]):
            tell(line)
    if as_json:
        say(verifications_json(found))
    if not all(verification.sound for verification in found):
        raise typer.Exit(ExitCode.FAILURE)


def _root(data: Path | None) -> Path:
    from recipe_sweep.trainers.data.catalogue import default_data_root

    return data or default_data_root()


def _present(data: Path | None, task: str, datasets: list[str] | None, source: Source | None, made: Made) -> list[Identity]:
    """Find the datasets that the arguments name. Load those of a plugin first, so that its owner can look at them."""
    from recipe_sweep.trainers.data.catalogue import ensure_dataset
    from recipe_sweep.trainers.data.inventory import present, registered_absent

    for identity in registered_absent(_root(data), task, datasets or (), source):
        # Standard output may have JSON alone, because a program reads it.
        tell(f"loading {identity}", file=sys.stderr)
        tell(f"  {ensure_dataset(identity, _root(data))}", file=sys.stderr)
    return present(_root(data), task, datasets or (), source, made)


def _tell(imports: Iterator[Imported]) -> None:
    from recipe_sweep.trainers.data.stored.card import read_card

    for imported in imports:
        card = read_card(imported.directory)
        tell(
            f"{imported.vault}: {card.transitions:,} transitions, mean return {card.returns.mean:,.1f}\n  {imported.directory}"
        )
        if card.origin is not None and (left_out := card.origin.unfinished_rows_dropped):
            tell(f"  {counted(left_out, 'row')} of unfinished episodes left out")
        differing = [] if card.origin is None else [each for each in card.origin.published if not each.agrees]
        for each in differing:
            tell(f"  {each.quantity} is {each.found:,.10g}, published as {each.published:,.10g}")
