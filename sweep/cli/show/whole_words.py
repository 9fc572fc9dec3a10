"""A table whose cells break between words, and a console's width decides how many lines they take."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table

_ANY = 10_000
"""A width that every cell fits in."""


class WholeWords(Table):
    """A table without lines. Rich's own one breaks words, and cuts cells that may not wrap, before others are narrow.

    A column with `no_wrap` keeps its width. The others lose width, the widest first, until the table fits. If it cannot fit,
    every column folds, because a broken word is better than a lost one.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table at the width that the console has now."""
        sizes = [_size(console, column) for column in self.columns]
        gap = self.padding[1]
        widths = _fitted(sizes, options.max_width - gap * (len(sizes) - 1))
        for number, column in enumerate(self.columns):
            column.width = None if widths is None else widths[number]
            column.overflow = "fold"
            if widths is None:
                column.no_wrap = False
        yield from super().__rich_console__(console, options)


def _size(console: Console, column: Column) -> Measurement:
    """Measure a column: its longest word, and its longest line."""
    cells = [*([column.header] if column.header else []), *column.cells]
    options = console.options.update(width=_ANY)
    measured = [Measurement.get(console, options, cell) for cell in cells]
    widest = max([column.min_width or 1, *(each.maximum for each in measured)])
    return Measurement(widest if column.no_wrap else max([1, *(each.minimum for each in measured)]), widest)


def _fitted(sizes: Sequence[Measurement], room: int) -> list[int] | None:
    """Find the widths that break no word; None if the room is too small for any."""
    widths = [size.maximum for size in sizes]
    while sum(widths) > room:
        wide = [number for number, size in enumerate(sizes) if widths[number] > size.minimum]
        if not wide:
            return None
        widths[max(wide, key=lambda number: widths[number])] -= 1
    return widths
