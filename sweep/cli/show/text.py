"""Shared by all that prints: the look of tables, and counted values."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from recipe_sweep.search_spaces.abridged import ranges
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.show.whole_words import WholeWords

NO_SCORE = "no score, because `evaluate` is `none`"
"""Said in place of a score that a run does not have."""


def plain_table(*columns: str) -> Table:
    """Make an empty table without lines."""
    table = WholeWords(box=None, header_style="dim", pad_edge=False, padding=(0, 3, 0, 0))
    for column in columns:
        table.add_column(column)
    return table


MOST_CELLS = 24
"""Most values of one axis that a table lists one by one."""


def value_cells(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Write values with their counts, `mix:8`. Many values become ranges, or the first, the last and how many."""
    if len(pairs) > MOST_CELLS:
        shown = [(value, str(told)) for value, told in ranges(pairs)]
        if len(shown) > MOST_CELLS:
            half = MOST_CELLS // 2
            gap = f"... ({len(pairs):,} values) ..."
            return [*map(_cell, shown[:half]), gap, *map(_cell, shown[-half:])]
        single = {value for value, _ in pairs}
        return [_cell(each) if each[0] in single else f"{_cell(each)} each" for each in shown]
    return [_cell((value, told)) for value, told in pairs]


def _cell(pair: tuple[str, str]) -> str:
    return f"{escape(pair[0])}:[dim]{pair[1]}[/dim]"


def design_words(point: DesignPoint) -> str:
    """Write a run's design by its words: `mix td brac`."""
    return f"{point.decomposition} {point.value_learning} {point.extraction}"
