"""YAML as people write it. The line of every key is kept, so that each complaint can say where.

The rules are those of YAML 1.2's core schema. `3e-4` is a number; YAML 1.1 reads it as text. `no` and `on` are text. There are
no tags. A key given twice is a mistake and does not silently override.

Anchors (`&name`), aliases (`*name`) and merge keys (`<<: *name`) are read as if their values were written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem, UnreadableFileError
from recipe_sweep.search_spaces.user_file import read_user_text
from recipe_sweep.search_spaces.yaml_nodes import compose
from recipe_sweep.search_spaces.yaml_values import Reader, kind_of

KeyPath = tuple[str | int, ...]
"""Path to a value in a document: mapping keys and list indices, e.g. `("axes", "alpha", "brac", 1)`."""


class Place(NamedTuple):
    """A file (or the text of a command-line option) and the line in it, from 1."""

    file: str | None
    line: int | None


@dataclass(frozen=True)
class Document:
    """A mapping that was read from a file or given in code, and the places of its keys and elements."""

    content: dict[str, object]
    places: Mapping[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Return the place of the innermost part of `path` that has one."""
        inner_first = (path[:length] for length in range(len(path), -1, -1))
        return next((self.places[part] for part in inner_first if part in self.places), Place(None, None))

    def value(self, path: KeyPath) -> object:
        """Return the value at `path`; raises KeyError or IndexError if there is none."""
        here: Any = self.content
        for step in path:
            here = here[step]
        return here

    def walk(self, location: tuple[str | int, ...]) -> KeyPath:
        """Return the path that `location` leads to.

        Steps that are not in the document are left out, such as the branch of a union.
        """
        path: KeyPath = ()
        here: Any = self.content
        for step in location:
            in_mapping = isinstance(here, dict) and step in here
            in_list = isinstance(here, list) and isinstance(step, int) and step < len(here)
            if in_mapping or in_list:
                path, here = (*path, step), here[step]
        return path

    def problem(self, path: KeyPath, found: str, expected: str, hint: str | None = None) -> Problem:
        """Describe a mistake at `path`, with its place filled in."""
        return Problem(*self.place(path), key_text(path), found, expected, hint)


def key_text(path: KeyPath) -> str:
    """Write a path as people do: `axes.alpha.brac[1]`. Very long keys are cut."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in path).removeprefix(".")


def shown(value: object) -> str:
    """Write a YAML value as an error message quotes it, cut to one short line."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case list() | dict() if not value:
            return "an empty list" if isinstance(value, list) else "an empty mapping"
        case _:
            return cut(repr(value))


def read_yaml(path: Path) -> Document:
    """Read a YAML mapping; raises UnreadableFileError naming the line."""
    return parse_yaml(read_user_text(path), str(path))


def parse_yaml(text: str, file: str) -> Document:
    """Read a YAML mapping from text that came from `file`; raises UnreadableFileError with every mistake in it."""
    root = compose(text, file)
    if root is None:
        raise UnreadableFileError(Problem(file, found="an empty file", expected="a mapping of keys to values"))
    reader = Reader(file)
    content = reader.read(root, ())
    if not isinstance(content, dict):
        reader.refuse(root.line, (), f"{kind_of(root)} at the top level", "a mapping of keys to values")
    _check(reader)
    assert isinstance(content, dict)
    return Document(content, {path: Place(file, line) for path, line in reader.lines.items()})


def parse_value(text: str) -> object:
    """Parse one YAML value, such as the text after the `=` of an override; raises UnreadableFileError."""
    root = compose(text, text)
    if root is None:
        return None
    reader = Reader(text)
    value = reader.read(root, ())
    _check(reader)
    return value


def _check(reader: Reader) -> None:
    if reader.mistakes:
        raise UnreadableFileError(
            *(
                Problem(reader.file, mistake.line, key_text(mistake.path), mistake.found, mistake.expected, mistake.hint)
                for mistake in reader.mistakes
            )
        )
