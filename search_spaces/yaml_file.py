"""YAML as people write it, kept with the line of every key so that each complaint can say where.

YAML 1.2's core schema: `3e-4` is a number (YAML 1.1 reads text), `no` and `on` are text, there are no tags, and a key given
twice is a mistake instead of a silent override. Anchors (`&name`), aliases (`*name`) and merge keys (`<<: *name`) are read as
if their values were written out.
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
"""Where a value is in a document: mapping keys and list indices, e.g. `("axes", "alpha", "brac", 1)`."""


class Place(NamedTuple):
    """A file (or the text of a command-line option) and the line in it, from 1."""

    file: str | None
    line: int | None


@dataclass(frozen=True)
class Document:
    """A mapping read from a file or given in code, and the place where each of its keys and elements stands."""

    content: dict[str, object]
    places: Mapping[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Place of the innermost part of `path` that stands somewhere."""
        inner_first = (path[:length] for length in range(len(path), -1, -1))
        return next((self.places[part] for part in inner_first if part in self.places), Place(None, None))

    def value(self, path: KeyPath) -> object:
        """What stands at `path`; raises KeyError or IndexError where nothing does."""
        here: Any = self.content
        for step in path:
            here = here[step]
        return here

    def walk(self, location: tuple[str | int, ...]) -> KeyPath:
        """Path of what `location` leads to, leaving out steps that are not in the document (a union's branch, say)."""
        path: KeyPath = ()
        here: Any = self.content
        for step in location:
            in_mapping = isinstance(here, dict) and step in here
            in_list = isinstance(here, list) and isinstance(step, int) and step < len(here)
            if in_mapping or in_list:
                path, here = (*path, step), here[step]
        return path

    def problem(self, path: KeyPath, found: str, expected: str, hint: str | None = None) -> Problem:
        """A mistake at `path`, with its place filled in."""
        return Problem(*self.place(path), key_text(path), found, expected, hint)


def key_text(path: KeyPath) -> str:
    """A path as people write it: `axes.alpha.brac[1]`. Keys of unreasonable length are cut."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in path).removeprefix(".")


def shown(value: object) -> str:
    """A YAML value as an error message quotes it, cut to one short line."""
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
    """Read one YAML value, as after the `=` of an override; raises UnreadableFileError."""
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
