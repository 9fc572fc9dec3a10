"""A grid as tables. Every axis is a column, a zip group is a table of several columns; the design space is their product.

A column may be conditional. Then it exists only in points that have certain values on one selecting axis: tau exists only under
IQL. The function `condition` knows all conditions of the design space.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Iterator
from itertools import product
from typing import NamedTuple

from recipe_sweep.search_spaces.axis_types import EVERY_TASK
from recipe_sweep.search_spaces.grid import ALL_DATASETS, Axes, Grid, Settings, ZipGroup
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.search import Search
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, Source, ValueLearning
from recipe_sweep.search_spaces.words import Word
from recipe_sweep.search_spaces.yaml_file import KeyPath

SELECTORS = ("source", "task", "decomposition", "value_learning", "extraction")
"""The axes that other axes depend on."""

_ORDER = {field.name: index for index, field in enumerate(dataclasses.fields(DesignPoint))} | {"seed": 1_000}
"""Tables are in the order of a point's fields. Seeds come last, so that a configuration's seeds are listed side by side."""


class Condition(NamedTuple):
    """The condition under which a point has a column: on this axis it has one of these values."""

    axis: str
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """The values in the words of a sentence."""
        return " or ".join(map(str, self.values)) or "another"


def condition(column: str) -> Condition | None:
    """Return the condition of a column; None if every point has the column."""
    axis, _, key = column.partition(".")
    match axis:
        case "dataset":
            return None if key == EVERY_TASK else Condition("task", (key,))
        case "alpha":
            return Condition("extraction", (key,) if Extraction.of(key).has_alpha else ())
        case "critic_norm":
            return Condition("decomposition", (key,))
        case "tau":
            return Condition("value_learning", tuple(one for one in ValueLearning.members() if one.has_expectile))
        case "regularisation":
            return Condition("value_learning", tuple(one for one in ValueLearning.members() if one.has_regularisation))
        case "mixer_embed":
            return Condition("decomposition", tuple(one for one in Decomposition.members() if one.mixes and one.embeds))
        case "mixer_hidden" | "mixer_gain" | "mixer_training":
            return Condition("decomposition", tuple(one for one in Decomposition.members() if one.mixes))
        case "discretisation":
            return Condition("task", tuple(name for name, task in TASKS.items() if task.discrete))
        case "dataset_seed" | "dataset_size":
            return Condition("source", (Source.HOMEGROWN,))
        case "chance":
            return Condition("task", tuple(name for name, task in TASKS.items() if task.has_chance))
        case _:
            return None


class Column(NamedTuple):
    """One axis, or one branch of a conditional one (`alpha.brac`): its name, where it is written, its values."""

    name: str
    path: KeyPath
    values: tuple[object, ...]
    given: bool
    """Whether it is written in the grid. If not, the values are the default."""

    @property
    def axis(self) -> str:
        """Name of the point's field that the column fills."""
        return self.name.partition(".")[0]

    @property
    def label(self) -> str:
        """The column's name as people write it."""
        return self.axis if self.name.endswith(EVERY_TASK) else self.name


Row = dict[str, object]
"""Values by the names of their columns."""


class Table(NamedTuple):
    """Columns that advance together; most tables have one."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def rows(self, names: Container[str]) -> list[Row]:
        """List the different rows of the named columns. If the table has none of them, the list is one empty row."""
        columns = [column for column in self.columns if column.name in names]
        if not columns:
            return [{}]
        unique = dict.fromkeys(zip(*(column.values for column in columns), strict=False))
        return [dict(zip((column.name for column in columns), values, strict=True)) for values in unique]


class Tables(NamedTuple):
    """All tables of a grid, in the order of a point's fields."""

    tables: tuple[Table, ...]

    @property
    def columns(self) -> list[Column]:
        """Columns of all tables."""
        return [column for table in self.tables for column in table.columns]

    def without_repeats(self) -> Tables:
        """Remove every column that has the name of an earlier one."""
        first = {column.name: column for column in reversed(self.columns)}
        tables = (Table(tuple(c for c in table.columns if first[c.name] is c)) for table in self.tables)
        return Tables(tuple(table for table in tables if table.columns))

    def values(self, axis: str) -> list[object]:
        """List every value that any column of an axis holds, each once."""
        return list(dict.fromkeys(value for column in self.columns if column.axis == axis for value in column.values))

    def together(self, *names: str) -> list[Row]:
        """List the combinations of values that the named columns take together. Columns of a zip group advance together."""
        return [merged(rows) for rows in product(*(table.rows(names) for table in self.tables))]


def merged(rows: Iterable[Row]) -> Row:
    """Merge several rows into one."""
    return {name: value for row in rows for name, value in row.items()}


def tables_of(grid: Grid) -> Tables:
    """Lay a grid out as tables; a zipped column replaces the default one of the same name."""
    groups = [Table(tuple(_columns(group, ("zip", index)))) for index, group in enumerate(grid.zip)]
    zipped = {name for group in groups for name in group.names}
    alone = [*_columns(grid.axes, ("axes",)), *_columns(grid.settings, ("settings",))]
    alone += _searched(grid.search) if grid.search is not None else []
    single = [Table((column,)) for column in alone if column.values and (column.given or column.name not in zipped)]
    every = Tables((*single, *(group for group in groups if group.columns)))
    resolved = [part for table in every.tables for part in _resolved(table, every)]
    return Tables(tuple(sorted(resolved, key=lambda table: min(_ORDER[column.axis] for column in table.columns))))


def _searched(search: Search) -> Iterator[Column]:
    """Yield a column for each range. Its lowest value represents the whole range."""
    for name, among in search.alpha.items():
        yield Column(f"alpha.{name}", ("search", "alpha", name.label), (among.low,), True)
    if search.tau is not None:
        yield Column("tau", ("search", "tau"), (search.tau.low,), True)


def _columns(section: Axes | Settings | ZipGroup, path: KeyPath) -> Iterator[Column]:
    """Yield the columns of a section. A zip group yields only what is written in it, because it has no defaults."""
    for name, value in section:
        given = name in section.model_fields_set
        if isinstance(section, ZipGroup) and not given:
            continue
        if isinstance(value, dict):
            yield from (Column(f"{name}.{key}", (*path, name, _written(key)), values, True) for key, values in value.items())
            if name == "critic_norm" and not isinstance(section, ZipGroup):
                yield from _usual_norms(value, (*path, name))
        else:
            yield Column(name, (*path, name), value, given)


def _usual_norms(given: Container[str], path: KeyPath) -> Iterator[Column]:
    """Yield a column with the usual norm of each decomposition that is given no norm."""
    for one in Decomposition.members():
        if one not in given:
            yield Column(f"critic_norm.{one}", (*path, one.label), one.critic_norms[:1], False)


def _written(key: str) -> str:
    """Return a key as grids usually write it."""
    return key.label if isinstance(key, Word) else key


def _resolved(table: Table, every: Tables) -> Iterator[Table]:
    """Yield the table itself.

    A table that says `all` datasets becomes one table per task, with the task's datasets.
    """
    column = table.columns[0]
    if column.axis != "dataset" or column.values != (ALL_DATASETS,) or len(table.columns) > 1:
        yield table
        return
    key = column.name.partition(".")[2]
    for task in every.values("task") if key == EVERY_TASK else [key]:
        datasets = _all_datasets(str(task), every.values("source"))
        yield Table((column._replace(name=f"dataset.{task}", values=datasets),))


def _all_datasets(task: str, sources: list[object]) -> tuple[object, ...]:
    datasets = TASKS[task].datasets
    return tuple(dict.fromkeys(name for source in datasets if source in sources for name in datasets[source]))
