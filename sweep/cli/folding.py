"""Folds sentences between words, so that they fit a terminal. A command to paste stays whole, as a newline would end it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple, TextIO

_WHOLE = re.compile(r"\$ .*|[(]?`[^`]*`\S*|[(]?\b(?:recipe-sweep|mlflow ui|mkdir|tar) .*?(?:;(?= )|,(?= or )|(?= [(])|$)|\S+")
"""What is never broken: a line that shows a shell, text in backticks, a command up to the end of its clause, a word."""
_LABEL = re.compile(r"\s*(?:\S.{0,16}?\s{2,})?")
"""Spaces that a line begins with, and a label before two spaces. Further lines begin below what follows it."""
_KIND = re.compile(r"\w+: ")
"""What a message begins with, such as `error: `. It does not stand alone on a line."""
_FURTHER = 2
_LEAST_ROOM = 20


class Part(NamedTuple):
    """A line of a folded text: where it begins and ends in the text, and how far it is indented."""

    start: int
    end: int
    indent: int


def parts(line: str, width: int | None) -> list[Part]:
    """Divide a line into parts that fit a width (None: any). A part is longer only if one thing in it is never broken."""
    if width is None or len(line) <= width:
        return [Part(0, len(line), 0)]
    return list(_parts(line, width))


def _parts(line: str, width: int) -> Iterator[Part]:
    label = _LABEL.match(line)
    hang = label.end() if label is not None else 0
    indent = hang if line[:hang].strip() else hang + _FURTHER
    indent = indent if indent <= width - _LEAST_ROOM else _FURTHER
    start, before, end = 0, 0, hang
    first = _KIND.match(line, hang)
    least = hang if first is None else first.end()
    for found in _WHOLE.finditer(line, hang):
        if found.end() - start + before > width and end > max(start, least):
            yield Part(start, end, before)
            start, before = found.start(), indent
        end = found.end()
    yield Part(start, end, before)


def folded(text: str, width: int | None) -> str:
    """Fold each line of a text to a width; None folds none."""
    lines = ((line, part) for line in text.split("\n") for part in parts(line, width))
    return "\n".join(" " * part.indent + line[part.start : part.end] for line, part in lines)


def width_of(stream: TextIO) -> int | None:
    """Return the columns of a terminal, or $COLUMNS if it is set; None for a file or a pipe, where nothing is folded."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # No terminal, or a stream of a test or a notebook, which has no number.
        return None
