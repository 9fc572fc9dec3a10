"""Prints datasets: tables, pictures and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.point import environment_name
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.sweep.cli.show.whole_words import WholeWords
from recipe_sweep.sweep.units import memory
from recipe_sweep.trainers.data.inspection import LEVELS, ActionShares, ComponentRanges, Inspection
from recipe_sweep.trainers.data.inventory import Item, State, free_bytes, leftovers
from recipe_sweep.trainers.data.published.tasks import PUBLISHED
from recipe_sweep.trainers.data.stored.card import Card, ReplayErrors, ReplayResult
from recipe_sweep.trainers.data.verify import Verification
from recipe_sweep.trainers.environments.registry import task_spec


def print_inventory(console: Console, items: Sequence[Item], root: Path) -> None:
    """Print one line per dataset under its source and task. The path follows from the line, so it fits any terminal."""
    console.print(f"datasets in {root}/<source>/<task>/<dataset>/<id>", highlight=False)
    for (source, task), group in groupby(items, key=lambda item: (item.source, item.task)):
        listed = list(group)
        console.print(Text(f"\n{source}/{task}", style="bold"))
        table = WholeWords(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name, width in (("  dataset", 15), ("id", 16), ("seed", 4)):
            table.add_column(name, min_width=width, no_wrap=True)
        for name, width in (("transitions", 11), ("mean return", 11), ("MB", 7)):
            table.add_column(name, min_width=width, justify="right", no_wrap=True)
        there = [item for item in listed if item.state is State.PRESENT]
        for item in there:
            table.add_row(f"  {_name(item)}", *_facts(item.card), _mb(item))
        if there:
            console.print(table)
        for item in listed:
            if item.remark and item.state is not State.ABSENT:
                state = "[red]broken[/red]: " if item.state is State.BROKEN else ""
                console.print(f"  {escape(item.dataset)}: {state}{escape(item.remark)}", highlight=False)
        absent = [item for item in listed if item.state is State.ABSENT]
        if absent:
            names = ", ".join(item.dataset for item in absent)
            console.print(f"  {escape(names)}: absent; {escape(absent[0].remark)}", highlight=False)
    console.print()


def _name(item: Item) -> str:
    """Name a dataset, with its chance where that is not as usual."""
    return item.dataset if item.card is None else environment_name(item.dataset, item.card.identity.chance)


def _facts(card: Card | None) -> tuple[str, str, str, str]:
    if card is None:
        return "", "", "", ""
    identity = card.identity
    seed = "" if identity.dataset_seed is None else str(identity.dataset_seed)
    return identity.dataset_id, seed, f"{card.transitions:,}", f"{card.returns.mean:,.1f}"


def _mb(item: Item) -> str:
    return f"{item.size_bytes / 1e6:,.1f}" if item.size_bytes else ""


def print_inventory_end(console: Console, items: Sequence[Item], root: Path) -> None:
    """Print the total size, the free space, and which files may be deleted."""
    here = [item for item in items if item.state is State.PRESENT]
    used = sum(item.size_bytes for item in items)
    console.print(f"{len(here)} here, {used / 1e6:,.1f} MB; {memory(free_bytes(root))} free")
    for path in leftovers(root):
        console.print(f"not a dataset, left behind by a killed process: {path}")


def inspection_tables(inspections: Sequence[Inspection]) -> Iterator[RenderableType]:
    """Make tables of what the datasets hold, of their published numbers, and of their actions."""
    first = inspections[0].card
    yield Text(f"{first.identity.source}/{first.identity.task}", style="bold")
    yield _overview(inspections)
    yield f"scores: {first.scale.minimum:,.2f} is 0, {first.scale.maximum:,.2f} is 1; the map is that of the picture\n"
    compared = [one for one in inspections if one.card.origin is not None]
    if compared:
        yield Text("published / found in the file, computed as its authors did: batch row 0, agent 0", style="bold")
        yield _published(compared)
        yield ""
    yield Text("actions", style="bold")
    yield _actions(inspections)


def _overview(inspections: Sequence[Inspection]) -> Table:
    table = WholeWords(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for one in inspections:
        table.add_column(one.card.identity.dataset, justify="right")
    rows: dict[str, list[str]] = {
        "transitions": [f"{one.card.transitions:,}" for one in inspections],
        "episodes": [f"{len(one.returns):,}" for one in inspections],
        "mean return": [f"{one.returns.mean():,.2f}" for one in inspections],
        "std of returns": [f"{one.returns.std():,.2f}" for one in inspections],
        "least return": [f"{one.returns.min():,.2f}" for one in inspections],
        "greatest return": [f"{one.returns.max():,.2f}" for one in inspections],
        "normalised mean": [f"{_score(one):z.3f}" for one in inspections],
        "steps per episode": [_span(one) for one in inspections],
        **_action_rows(inspections),
        "cells of the map": [f"{one.covered:.1%}" for one in inspections],
        "content": [one.card.content_hash[:12] for one in inspections],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _action_rows(inspections: Sequence[Inspection]) -> dict[str, list[str]]:
    """Sum up the actions of datasets of one task in a few rows."""
    chosen = [one.actions for one in inspections if isinstance(one.actions, ActionShares)]
    numbers = [one.actions for one in inspections if isinstance(one.actions, ComponentRanges)]
    rows: dict[str, list[str]] = {
        "mean |action|": [f"{actions.size:.3f}" for actions in numbers],
        "actions at a bound": [f"{actions.at_bound:.1%}" for actions in numbers],
        "legal actions": [f"{actions.legal:.2f}" for actions in chosen],
    }
    return {name: cells for name, cells in rows.items() if cells}


def _score(one: Inspection) -> float:
    scale = one.card.scale
    return (float(one.returns.mean()) - scale.minimum) / (scale.maximum - scale.minimum)


def _span(one: Inspection) -> str:
    least, greatest = int(one.lengths.min()), int(one.lengths.max())
    return f"{least:,}" if least == greatest else f"{least:,} to {greatest:,}, mean {one.lengths.mean():,.0f}"


def _published(inspections: Sequence[Inspection]) -> Table:
    """Make a table of the authors' numbers, each beside that of the file."""
    table = WholeWords(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for one in inspections:
        table.add_column(one.card.identity.dataset, justify="right")
    origins = [one.card.origin for one in inspections if one.card.origin is not None]
    for rows in zip(*(origin.published for origin in origins), strict=True):
        digits = 3 if 0.0 < max(each.published for each in rows) <= 1.0 else 2  # of a share, two would say little
        cells = (
            f"{_number(each.published, digits)} / {_number(each.found, digits)}"
            + ("" if each.agrees else " [red]differs[/red]")
            for each in rows
        )
        table.add_row(rows[0].quantity, *cells)
    table.add_row("terminal rows dropped", *(f"{origin.terminal_rows_dropped:,}" for origin in origins))
    table.add_row("unfinished rows dropped", *(f"{origin.unfinished_rows_dropped:,}" for origin in origins))
    if any(isinstance(one.actions, ComponentRanges) for one in inspections):
        table.add_row("actions clipped", *(f"{o.clipped_components:,} (up to {o.largest_action:.3g})" for o in origins))
    table.add_row("replayed at import", *(_deviating(origin.replay) for origin in origins))
    return table


def _number(value: float, digits: int) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.{digits}f}"


def _deviating(replay: ReplayResult | None) -> str:
    if replay is None:
        return "no simulator"
    return f"{replay.transitions:,}, {replay.observations.deviating + replay.rewards.deviating:,} deviate"


def _actions(inspections: Sequence[Inspection]) -> Table:
    """Make a table of the quantiles of each component of the actions, or of each action's share."""
    spec = task_spec(inspections[0].card.identity.task)
    table = WholeWords(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    if spec.masked:
        return _taken(inspections, table)
    agents = spec.n_agents
    for name in ("dataset", "agent", "component"):
        table.add_column(name)
    for level in LEVELS:
        table.add_column({0.0: "least", 0.5: "median", 1.0: "greatest"}.get(level, f"{level:.0%}"), justify="right")
    for one in inspections:
        if not isinstance(one.actions, ComponentRanges):
            continue
        each = len(one.actions.quantiles) // agents
        for number, quantiles in enumerate(one.actions.quantiles):
            name = one.card.identity.dataset if number == 0 else ""
            table.add_row(name, str(number // each), str(number % each), *(f"{value:.3f}" for value in quantiles))
    return table


def _taken(inspections: Sequence[Inspection], table: Table) -> Table:
    """Fill a table with the share of its rows in which each agent takes each action."""
    shares = [(one.card.identity.dataset, one.actions.taken) for one in inspections if isinstance(one.actions, ActionShares)]
    table.add_column("dataset")
    table.add_column("agent")
    for action in range(shares[0][1].shape[1]):
        table.add_column(f"action {action}", justify="right")
    for dataset, taken in shares:
        for agent, row in enumerate(taken):
            table.add_row(dataset if agent == 0 else "", str(agent), *(f"{share:.1%}" for share in row))
    return table


def draw(inspections: Sequence[Inspection], path: Path) -> Path:
    """Draw the datasets side by side as a PNG; return its path."""
    from recipe_sweep.analysis.figures.dataset import DatasetPicture, TaskPicture, write_dataset_figure

    first = inspections[0].card
    spec = task_spec(first.identity.task)
    task = TaskPicture(
        title=f"{TASKS[spec.name].title}, {first.identity.source} data",
        agents=spec.n_agents,
        horizon=spec.horizon,
        scale=(first.scale.minimum, first.scale.maximum),
        bounds=None if spec.masked else (spec.action_low, spec.action_high),
    )
    pictures = [
        DatasetPicture(
            name=one.card.identity.dataset,
            returns=one.returns,
            score=_score(one),
            lengths=one.lengths,
            actions=one.actions.taken if isinstance(one.actions, ActionShares) else one.actions.quantiles,
            covered=one.covered,
            cell_counts=one.cell_counts,
            published_mean=_published_mean(one.card),
        )
        for one in inspections
    ]
    return write_dataset_figure(task, pictures, path)


def _published_mean(card: Card) -> float | None:
    if card.origin is None:
        return None
    uid = card.origin.vault.rpartition("/")[2]
    return PUBLISHED[card.identity.task].datasets[uid].mean


def verification_lines(verification: Verification) -> Iterator[str]:
    """Say what the checks found, in one sentence each."""
    card = verification.card
    rows = f"{counted(card.rows, 'row')} {agreeing(card.rows, 'has', 'have')}"
    yield f"{card.identity}: {rows} the content {card.content_hash[:12]} of their card"
    yield f"  fingerprint {verification.fingerprint}"
    if verification.replay is None:
        yield "  replay    none: this task's simulator cannot be set to a stored state"
    else:
        yield f"  replay    {verification.replay.transitions:,} transitions"
        yield f"    observations  {_errors(verification.replay.observations)}"
        yield f"    rewards       {_errors(verification.replay.rewards)}"
    if verification.illegal is not None:
        wrong = verification.illegal
        found = f"an ILLEGAL action in {wrong:,} of {counted(card.rows, 'row')}" if wrong else "every stored action"
        yield f"  legal     {found}"
    if remade := verification.remade:
        if remade.different_rows:
            yield (
                f"  remade    {remade.different_rows:,} of the first {remade.rows:,} transitions have other bytes here: "
                "another machine or other libraries made the data"
            )
        else:
            yield f"  remade    the first {remade.rows:,} transitions, byte for byte the same"
    yield f"  {verification.directory}"


def _errors(errors: ReplayErrors) -> str:
    verdict = (
        f"{errors.deviating:,} of {errors.compared:,} DEVIATE" if errors.deviating else f"all {errors.compared:,} as stored"
    )
    return f"{verdict}; errors: median {errors.median:.1e}, 99 % {errors.upper:.1e}, largest {errors.largest:.1e}"
