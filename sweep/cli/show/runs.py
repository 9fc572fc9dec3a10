"""Prints a list of runs: a table that fits a narrow terminal, and JSON with every axis and setting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.expansion import axis_counts
from recipe_sweep.search_spaces.filters import SELECTABLE
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import design_words, plain_table
from recipe_sweep.sweep.monitoring.listed_status import ListedStatus
from recipe_sweep.sweep.monitoring.run_list import ListedRun
from recipe_sweep.sweep.planning.opening import Target
from recipe_sweep.sweep.results.setting_text import value_text

SHORTEST_ID = 6
"""Fewest characters of a run's id in a table. More are shown if two runs of the sweep begin alike."""
_NONE, _GAP = "-", 2
_COLOURS = {ListedStatus.FINISHED: "green", ListedStatus.FAILED: "red", ListedStatus.DIVERGED: "yellow"}
OWN_COLUMNS = ("task", "dataset", "decomposition", "value_learning", "extraction", "alpha", "tau", "seed")


class Listing(NamedTuple):
    """Runs to show, of `found` ones that met the filters. The points of the whole grid say what varies in it."""

    runs: Sequence[ListedRun]
    found: int
    points: Sequence[DesignPoint]


def print_runs(console: Console, listing: Listing) -> None:
    """Print one line per run. What is the same in all runs of the grid is said once, below the table."""
    if listing.runs:
        console.print(_table(listing, console.width))
    common = ", ".join(f"{name} {value_text(getattr(listing.points[0], name))}" for name in _common(listing.points))
    if common and listing.runs:
        console.print(f"[dim]all runs: {escape(common)}[/dim]", highlight=False)
    more = f", {len(listing.runs):,} of them shown" if len(listing.runs) < listing.found else ""
    console.print(f"{counted(listing.found, 'run')} of {len(listing.points):,}{more}", highlight=False)


def runs_json(target: Target, listing: Listing) -> str:
    """Write the runs as JSON, with every axis and setting of each."""
    content = {
        "name": target.grid.name,
        "directory": str(target.paths.root),
        "wanted": len(listing.points),
        "found": listing.found,
        "runs": run_contents(listing.runs),
    }
    return json_text(content)


def run_contents(runs: Iterable[ListedRun]) -> list[dict[str, object]]:
    """Write runs for JSON."""
    return [
        {
            "run_id": run.point.run_id,
            "config_id": run.point.config_id,
            "status": run.status,
            "score": run.score,
            "steps_done": run.steps,
            "seconds": run.seconds,
            **{name: getattr(run.point, name) for name in SELECTABLE},
        }
        for run in runs
    ]


def _table(listing: Listing, width: int) -> Table:
    """Make a table. If it is too wide, one column has everything that says which run it is."""
    columns = [column for column in _columns(listing) if any(cell != _NONE for cell in column.cells)]
    if _width(columns) > width:
        columns = list(_narrowed(columns))
    table = plain_table(*(column.head for column in columns))
    table.padding = (0, _GAP, 0, 0)
    for place, column in zip(table.columns, columns, strict=True):
        place.no_wrap, place.justify = not column.folds, "right" if column.is_number else "left"
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


class _Column(NamedTuple):
    head: str
    cells: list[str]
    part: str | None = None
    """how the column's values are called in a narrow table, where they share one column; None if they keep their own"""
    is_number: bool = False
    folds: bool = False


def _columns(listing: Listing) -> Iterable[_Column]:
    runs, varying = listing.runs, varying_names(listing.points)
    length = _id_length(listing.points)
    yield _Column("run", [run.point.run_id[:length] for run in runs])
    yield _Column("design", [design_words(run.point) for run in runs], part="")
    for name in ("alpha", "tau"):
        if name in varying:
            yield _Column(name, [_value(run.point, name) for run in runs], part=f"{name} ", is_number=True)
    for name in ("task", "dataset"):
        if name in varying:
            yield _Column(name, [_value(run.point, name) for run in runs], part="")
    if "seed" in varying:
        yield _Column("seed", [_value(run.point, "seed") for run in runs], is_number=True)
    swept = [name for name in varying if name not in OWN_COLUMNS]
    if swept:
        yield _Column("settings", [settings_text(run.point, swept) for run in runs], part="")
    yield _Column("status", [_coloured(run.status) for run in runs])
    yield _Column("score", [_NONE if run.score is None else f"{run.score:.3f}" for run in runs], is_number=True)
    yield _Column("steps", [_NONE if run.steps is None else f"{run.steps:,}" for run in runs], is_number=True)
    yield _Column("seconds", [_NONE if run.seconds is None else f"{run.seconds:,.1f}" for run in runs], is_number=True)


def _narrowed(columns: Sequence[_Column]) -> Iterable[_Column]:
    """Join the columns that say which run it is, all except its id and seed."""
    joined = [column for column in columns if column.part is not None]
    for column in columns:
        if column.head == "design":
            rows = zip(*(each.cells for each in joined), strict=True)
            yield _Column("configuration", [_joined(joined, row) for row in rows], folds=True)
        elif column.part is None:
            yield column


def _joined(columns: Sequence[_Column], cells: Sequence[str]) -> str:
    return ", ".join(f"{column.part}{cell}" for column, cell in zip(columns, cells, strict=True) if cell != _NONE)


def _width(columns: Sequence[_Column]) -> int:
    widest = (max(len(column.head), *(len(Text.from_markup(cell)) for cell in column.cells)) for column in columns)
    return sum(width + _GAP for width in widest) - _GAP


def _value(point: DesignPoint, name: str) -> str:
    value = getattr(point, name)
    return _NONE if value is None else escape(value_text(value))


def varying_names(points: Sequence[DesignPoint]) -> list[str]:
    """List what varies in the grid and does not follow from the design, as a decomposition's only norm does."""
    names = [count.axis for count in axis_counts(points)]
    return [name for name in names if name in OWN_COLUMNS or not _follows(name, points)]


def _follows(name: str, points: Sequence[DesignPoint]) -> bool:
    pairs = {(point.decomposition, point.value_learning, point.extraction, getattr(point, name)) for point in points}
    return len(pairs) == len({pair[:3] for pair in pairs})


def _coloured(status: ListedStatus) -> str:
    colour = _COLOURS.get(status)
    return f"[{colour}]{status}[/{colour}]" if colour else str(status)


def settings_text(point: DesignPoint, names: Sequence[str]) -> str:
    """Write some settings of a run: `lr 0.001, hidden 64x64`."""
    return escape(", ".join(f"{name} {value_text(getattr(point, name))}" for name in names))


def _common(points: Sequence[DesignPoint]) -> list[str]:
    """List the columns of the table that are the same in all runs."""
    varying = varying_names(points)
    return [name for name in OWN_COLUMNS if name not in varying and getattr(points[0], name) is not None] if points else []


def _id_length(points: Sequence[DesignPoint]) -> int:
    """Return how many characters make every run of the grid unique."""
    ids = sorted(point.run_id for point in points)
    return max([SHORTEST_ID, *(1 + _shared(one, other) for one, other in pairwise(ids))])


def _shared(one: str, other: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
