"""A table whose cells break between words, in as few lines as its width allows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

_MEASURED = 200
"""The longest cells of a column decide its width. More of them would only take time."""


class WholeWords(Table):
    """A table without lines. Rich's own one breaks words, and cuts cells that may not wrap, before other columns are narrow.

    A column with `no_wrap` keeps its width. The others get widths with which the tallest row has the fewest lines. If the words
    cannot fit, every column folds, because a broken word is better than a lost one.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table at the width that the console has now."""
        sizes = [_size(console, column) for column in self.columns]
        widths = _fitted(sizes, options.max_width - self.padding[1] * (len(sizes) - 1))
        for number, column in enumerate(self.columns):
            column.width = None if widths is None else widths[number]
            column.overflow = "fold"
            if widths is None:
                column.no_wrap = False
        yield from super().__rich_console__(console, options)


class _Size(NamedTuple):
    """The narrowest and the natural width of a column, and the lengths of the words of its cells."""

    least: int
    natural: int
    cells: Sequence[tuple[int, ...]]

    def width(self, lines: int) -> int:
        """Find the least width with which no cell has more lines."""
        widths = range(self.least, self.natural)
        return widths.start + bisect_left(widths, True, key=lambda width: all(_lines(c, width) <= lines for c in self.cells))


def _size(console: Console, column: Column) -> _Size:
    texts = [_plain(console, each) for each in (column.header, *column.cells)]
    lines = [line for text in texts for line in text.splitlines()]
    natural = max([column.min_width or 1, *map(cell_len, lines)])
    cells = {tuple(map(cell_len, text.split())) for text in texts}
    longest = max((max(words) for words in cells if words), default=1)
    return _Size(natural if column.no_wrap else longest, natural, sorted(cells, key=sum)[-_MEASURED:])


def _plain(console: Console, cell: RenderableType) -> str:
    if isinstance(cell, Text):
        return cell.plain
    text = str(cell)
    return console.render_str(text).plain if "[" in text else text  # Most cells have no markup, and reading it takes long.


def _lines(words: Sequence[int], width: int) -> int:
    """Count the lines that words of these lengths take."""
    lines, used = 1, -1
    for length in words:
        if used + 1 + length > width:
            lines, used = lines + 1, -1
        used += 1 + length
    return lines


def _fitted(sizes: Sequence[_Size], room: int) -> list[int] | None:
    """Find widths that break no word and give the tallest row the fewest lines; None if the room is too small."""
    if sum(size.least for size in sizes) > room:
        return None
    tried = ([size.width(lines) for size in sizes] for lines in count(1))
    widths = next(widths for widths in tried if sum(widths) <= room)
    for number in sorted(range(len(sizes)), key=lambda number: widths[number] - sizes[number].natural):
        widths[number] += min(room - sum(widths), sizes[number].natural - widths[number])
    return widths
