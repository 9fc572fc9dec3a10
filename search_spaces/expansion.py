"""Expands a grid to its points.

The points are the product of the grid's tables. A conditional column exists only where it applies. Excluded points are left
out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from operator import attrgetter
from typing import NamedTuple

from recipe_sweep.search_spaces.data_versions import NEWEST, DataVersions
from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.filters import SELECTABLE, Criterion, criteria_of
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.point import NUMERICS_VERSION, DesignPoint
from recipe_sweep.search_spaces.rules import check
from recipe_sweep.search_spaces.tables import SELECTORS, Row, Table, Tables, condition, merged, tables_of
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source

MOST_POINTS = 1_000_000
"""A larger grid is probably a typing mistake, because the paper's whole sweep has 16,384 points."""


class Excluded(NamedTuple):
    """How many points one rule left out, and why."""

    reason: str
    points: int


class Expansion(NamedTuple):
    """A grid's points in a fixed order, and what its rules left out."""

    points: tuple[DesignPoint, ...]
    excluded: tuple[Excluded, ...]


def expand(grid: Grid, versions: DataVersions = NEWEST, numerics: int = NUMERICS_VERSION) -> Expansion:
    """Return every point of a grid once, on data of these versions and with these numerics.

    The order is: task and design, then the other axes in the order of a point's fields. Seeds change fastest.

    Raises GridError naming every contradiction and every rule that excludes nothing. It also raises GridError if no point is
    left.
    """
    check(grid)
    tables = tables_of(grid)
    cells = _cells(tables)
    total = sum(prod(len(rows) for rows in _rows_in_cell(tables, cell)) for cell in cells)
    if total > MOST_POINTS:
        raise GridError(grid.document.problem((), f"{total:,} points", f"at most {MOST_POINTS:,}", "shorten an axis"))
    points = tuple(point for cell in cells for point in _points(tables, cell, versions, numerics))
    expansion = _exclude(grid, points)
    assert len({point.run_id for point in expansion.points}) == len(expansion.points), "two points with one id"
    return expansion


class ValueCount(NamedTuple):
    """How many points have one value of an axis; None where the axis does not apply."""

    value: object
    points: int


class AxisCount(NamedTuple):
    """How many points have each value of an axis."""

    axis: str
    values: tuple[ValueCount, ...]


def axis_counts(points: Iterable[DesignPoint]) -> tuple[AxisCount, ...]:
    """Count the points by the values of each axis or setting that varies, in the order of a point's fields."""
    listed = list(points)
    counts = [
        AxisCount(axis, tuple(ValueCount(*item) for item in Counter(map(attrgetter(axis), listed)).items()))
        for axis in SELECTABLE
    ]
    return tuple(count for count in counts if len(count.values) > 1)


def _cells(tables: Tables) -> list[Row]:
    """List the combinations of the axes that others depend on, and of the columns zipped to them, each once."""
    selecting = [table for table in tables.tables if set(table.names) & set(SELECTORS)]
    rows = [merged(part) for part in product(*(table.rows(table.names) for table in selecting))]
    unique = {tuple(cell.items()): cell for cell in (_applicable(row) for row in rows)}
    return list(unique.values())


def _applicable(row: Row) -> Row:
    return {name: value for name, value in row.items() if _applies(name, row)}


def _applies(column: str, cell: Row) -> bool:
    needed = condition(column)
    return needed is None or cell[needed.axis] in needed.values


def _rows_in_cell(tables: Tables, cell: Row) -> list[list[Row]]:
    """List the rows of every table outside the cell, restricted to the columns that exist in the cell."""
    return [_restricted(table, cell) for table in tables.tables if not set(table.names) & set(SELECTORS)]


def _restricted(table: Table, cell: Row) -> list[Row]:
    return table.rows([name for name in table.names if _applies(name, cell)])


def _points(tables: Tables, cell: Row, versions: DataVersions, numerics: int) -> Iterator[DesignPoint]:
    """Build the points of one cell."""
    choices = [[_by_field(row) for row in rows] for rows in _rows_in_cell(tables, cell)]
    common = _by_field(cell) | merged(rows[0] for rows in choices if len(rows) == 1)
    task = TASKS[str(common["task"])]
    source = Source(str(common["source"]))

    def versioned(row: Row) -> Row:
        return row | {"dataset_version": versions.version(task, source, str(row["dataset"]))} if "dataset" in row else row

    varying = [[versioned(row) for row in rows] for rows in choices if len(rows) > 1]
    absent = {"dataset_seed": None, "dataset_size": None, "tau": None, "alpha": None}
    return DesignPoint.sharing({"numerics": numerics} | absent | versioned(common), map(merged, product(*varying)))


def _by_field(row: Row) -> Row:
    return {name.partition(".")[0]: value for name, value in row.items()}


def _exclude(grid: Grid, points: Sequence[DesignPoint]) -> Expansion:
    """Drop the points that a rule matches. Each point counts for the first rule that matches it."""
    rules = [criteria_of(rule.when) for rule in grid.exclude]
    named: list[list[int]] = [_matching(points, criteria) for criteria in rules]
    document = grid.document
    idle = [("exclude", index) for index, matches in enumerate(named) if not matches]
    if idle:
        problems = (
            document.problem(path, "a rule that no point of the grid meets", "a rule that excludes something") for path in idle
        )
        raise GridError(*problems)
    gone: set[int] = set()
    excluded = []
    for rule, matches in zip(grid.exclude, named, strict=True):
        fresh = set(matches) - gone
        gone |= fresh
        excluded.append(Excluded(rule.reason, len(fresh)))
    left = tuple(point for index, point in enumerate(points) if index not in gone)
    if not left:
        raise GridError(document.problem(("exclude",), "rules that exclude every point", "rules that leave some"))
    return Expansion(left, tuple(excluded))


def _matching(points: Sequence[DesignPoint], criteria: Sequence[Criterion]) -> list[int]:
    return [index for index, point in enumerate(points) if all(criterion.matches(point) for criterion in criteria)]
