"""Cuts long texts and long lists, so that a message or a table stays readable."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby

LONGEST_TEXT = 80
"""Characters of one value or key."""
MOST_NAMES = 40
"""Words in one list. This package has fewer axes than that."""
FIRST_NAMES = 8
"""Words that are shown of a longer list."""
LEAST_RANGE = 3
"""This many whole numbers in a row are written as a range."""


def cut(text: str) -> str:
    """Cut a text to one short line."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."


def listing(names: Iterable[object]) -> str:
    """Join names with commas.

    More than MOST_NAMES are shortened: to ranges of whole numbers, or to the first few names and their number.
    """
    values = list(names)
    if len(values) <= MOST_NAMES:
        return ", ".join(cut(str(value)) for value in values)
    parts = [text for text, _ in ranges((value, None) for value in values)]
    if len(parts) <= MOST_NAMES:
        return ", ".join(parts)
    return f"{', '.join(parts[:FIRST_NAMES])}, ... ({len(values):,} in all)"


def ranges(pairs: Iterable[tuple[object, Hashable]]) -> Iterator[tuple[str, Hashable]]:
    """Yield values as text, each with what belongs to it.

    Whole numbers in a row become one text `0-9`, if the same thing belongs to all of them.
    """
    numbered = enumerate(pairs)

    def row(item: tuple[int, tuple[object, Hashable]]) -> tuple[object, ...]:
        place, (value, belongs) = item
        number = _whole(value)
        return (place, belongs) if number is None else ("row", number - place, belongs)

    for _, group in groupby(numbered, row):
        members: Sequence[tuple[object, Hashable]] = [pair for _, pair in group]
        (first, belongs), (last, _) = members[0], members[-1]
        if len(members) >= LEAST_RANGE:
            yield f"{first}-{last}", belongs
        else:
            yield from ((cut(str(value)), belongs) for value, belongs in members)


def _whole(value: object) -> int | None:
    """Return the whole number that a value is, or that its text spells; None for other values."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20 else None
