"""YAML as people write it, kept with the line of every key so that each complaint can say where.

YAML 1.2's core schema and no more: `3e-4` is a number (YAML 1.1 reads text), `no` and `on` are text, there are no tags,
anchors or merges, and a key given twice is a mistake instead of a silent override.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from recipe_sweep.search_spaces.errors import Problem, UnreadableFileError

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
    """A path as people write it: `axes.alpha.brac[1]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


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
            text = repr(value)
            return text if len(text) <= 80 else f"{text[:77]}..."


def read_yaml(path: Path) -> Document:
    """Read a YAML mapping; raises UnreadableFileError naming the line."""
    return parse_yaml(_read_text(path), str(path))


def parse_yaml(text: str, file: str) -> Document:
    """Read a YAML mapping from text that came from `file`; raises UnreadableFileError with every mistake in it."""
    root = _compose(text, file)
    if root is None:
        raise UnreadableFileError(Problem(file, found="an empty file", expected="a mapping of keys to values"))
    reader = _Reader(file)
    content = reader.read(root, ())
    if not isinstance(content, dict):
        reader.refuse(root, (), f"{_kind(root)} at the top level", "a mapping of keys to values")
    if reader.problems or not isinstance(content, dict):
        raise UnreadableFileError(*reader.problems)
    return Document(content, reader.places)


def parse_value(text: str) -> object:
    """Read one YAML value, as after the `=` of an override; raises UnreadableFileError."""
    root = _compose(text, text)
    if root is None:
        return None
    reader = _Reader(text)
    value = reader.read(root, ())
    if reader.problems:
        raise UnreadableFileError(*reader.problems)
    return value


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problem = Problem(str(path), found="no such file", expected="a YAML file", hint="check the path and its spelling")
    except IsADirectoryError:
        problem = Problem(str(path), found="a directory", expected="a YAML file")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), line, found=f"bytes that are no text ({error.reason})", expected="YAML in UTF-8")
    except OSError as error:
        problem = Problem(str(path), found=error.strerror or str(error), expected="a readable YAML file")
    raise UnreadableFileError(problem)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser, resolving nothing by itself: every scalar arrives as text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol


_PLAIN_VALUES: tuple[tuple[re.Pattern[str], Callable[[str], object]], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda text: None),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"[-+]?(0|[1-9][0-9_]*)"), lambda text: int(text.replace("_", ""))),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"), lambda text: float(text.replace("_", ""))),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
"""What an unquoted scalar may mean, first match first; anything else is text."""

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map")}


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        return _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines = text.splitlines()
        hint = "indent with spaces, not tabs" if mark and mark.line < len(lines) and "\t" in lines[mark.line] else None
        found = ", ".join(part for part in (error.context, error.problem) if part)
        problem = Problem(file, mark.line + 1 if mark else None, found=found, expected="YAML", hint=hint)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = Problem(file, line, found=f"the control character U+{int(error.character):04X}", expected="plain text")
    except RecursionError:
        problem = Problem(file, found="lists or mappings nested too deeply", expected="YAML")
    raise UnreadableFileError(problem)


def _kind(node: yaml.Node) -> str:
    return (
        "a mapping"
        if isinstance(node, yaml.MappingNode)
        else "a list"
        if isinstance(node, yaml.SequenceNode)
        else "a single value"
    )


class _Reader:
    """Turns nodes into plain values, noting places and every mistake on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def refuse(self, node: yaml.Node, path: KeyPath, found: str, expected: str, hint: str | None = None) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1, key_text(path), found, expected, hint))

    def read(self, node: yaml.Node, path: KeyPath) -> object:
        self.places.setdefault(path, Place(self.file, node.start_mark.line + 1))
        if id(node) in self._seen:
            self.refuse(node, path, "a YAML alias (*name)", "the value itself", "write the value out again")
            return None
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            self.refuse(node, path, f"the YAML tag {node.tag}", "a plain value")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        content: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key, path, f"{_kind(key)} as a key", "a plain word as a key")
                continue
            inner = (*path, key.value)
            if key.value in content:
                first = self.places[inner].line
                self.refuse(key, inner, f"this key again (first on line {first})", "each key once", "delete one of them")
                continue
            self.places[inner] = Place(self.file, key.start_mark.line + 1)
            content[key.value] = self.read(value, inner)
        return content

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> object:
        text: str = node.value
        if node.style is not None:  # quoted
            return text
        try:
            return next((convert(text) for pattern, convert in _PLAIN_VALUES if pattern.fullmatch(text)), text)
        except ValueError:
            self.refuse(node, path, f"a number of {len(text)} digits", "a number that a computer can hold")
            return None
