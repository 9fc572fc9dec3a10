"""Converts the nodes of YAML to plain values.

It decides what a scalar means, writes out aliases and merge keys, and notes the line of everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from recipe_sweep.search_spaces.yaml_nodes import (
    MOST_DEPTH,
    MOST_VALUES,
    Mapping,
    Node,
    Scalar,
    Sequence,
    target_of,
    too_deep,
    too_many_values,
)

Path = tuple[str | int, ...]
"""Keys and indices from the top of the document."""

_PLAIN_VALUES: tuple[tuple[re.Pattern[str], Callable[[str], object]], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda text: None),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"[-+]?(0|[1-9][0-9_]*)"), lambda text: int(text.replace("_", ""))),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"), lambda text: float(text.replace("_", ""))),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
"""What an unquoted scalar may mean. The first pattern that matches counts; anything else is text."""

_LONGEST_NUMBER = 300
"""Characters of a number. The largest 64-bit float has 309 digits; reading a number of a million digits takes seconds."""

_NUMBER = re.compile(r"[-+]?[0-9][-+0-9_.eE]*")

_TAGS = {Scalar: "tag:yaml.org,2002:str", Sequence: "tag:yaml.org,2002:seq", Mapping: "tag:yaml.org,2002:map"}
_MERGE = "<<"


def kind_of(node: Node) -> str:
    """Name the kind of a node in words."""
    kinds = {Mapping: "a mapping", Sequence: "a list", Scalar: "a single value"}
    return kinds[type(target_of(node))]


class Mistake(NamedTuple):
    """What is wrong at a line and a path."""

    line: int
    path: Path
    found: str
    expected: str
    hint: str | None


class Reader:
    """Converts nodes to plain values, and notes lines and every mistake on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.mistakes: list[Mistake] = []
        self._values = 0

    def refuse(self, line: int, path: Path, found: str, expected: str, hint: str | None = None) -> None:
        """Note a mistake, and continue."""
        self.mistakes.append(Mistake(line, path, found, expected, hint))

    def read(self, node: Node, path: Path) -> object:
        """Convert a node to its value. Every part keeps the line on which it is written, even if an alias repeats it."""
        self._count(node)
        self.lines.setdefault(path, node.line)
        if len(path) > MOST_DEPTH:
            raise too_deep(self.file, node.line)
        node = target_of(node)
        if node.tag not in (None, "!", _TAGS[type(node)]):
            self.refuse(node.line, path, f"the YAML tag {node.tag}", "a plain value")
            return None
        if isinstance(node, Mapping):
            return self._mapping(node, path)
        if isinstance(node, Sequence):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.items)]
        return self._scalar(node, path)

    def _count(self, node: Node) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise too_many_values(self.file, node.line, written_out=True)

    def _mapping(self, node: Mapping, path: Path) -> dict[str, object]:
        content: dict[str, object] = {}
        for name, (key, value) in self._pairs(node, path, 0).items():
            inner = (*path, name)
            self.lines[inner] = key.line
            content[name] = self.read(value, inner)
        return content

    def _pairs(self, node: Mapping, path: Path, merges: int) -> dict[str, tuple[Node, Node]]:
        """Collect keys and values by name.

        Those that `<<` brings come first; of two with one name, the first counts. The mapping's own keys replace them.
        """
        if merges:  # Without merges, `read` has already counted it.
            self._count(node)
        if merges > MOST_DEPTH:
            raise too_deep(self.file, node.line)
        merged: dict[str, tuple[Node, Node]] = {}
        own: dict[str, tuple[Node, Node]] = {}
        brought: Node | None = None
        for key, value in node.pairs:
            self._count(key)
            word = target_of(key)
            if not isinstance(word, Scalar):
                self._refuse_key(key, path, merges, f"{kind_of(key)} as a key", "a plain word as a key")
            elif word.plain and word.text == _MERGE and brought is None:
                brought = key
                for source in self._sources(value, path, merges):
                    for name, pair in self._pairs(source, path, merges + 1).items():
                        merged.setdefault(name, pair)
            elif word.text in own or (word.plain and word.text == _MERGE):
                first = own[word.text][0] if word.text in own else brought
                found = f"this key again (first on line {first.line if first else key.line})"
                inner = (*path, word.text)
                hint = "delete one of them" if word.text in own else "write <<: [*one, *two]"
                self._refuse_key(key, inner, merges, found, "each key once", hint)
            else:
                own[word.text] = (key, value)
        return merged | own

    def _refuse_key(self, key: Node, path: Path, merges: int, found: str, expected: str, hint: str | None = None) -> None:
        if merges == 0:  # Mistakes of a mapping that is merged into another were noted when it was read itself.
            self.refuse(key.line, path, found, expected, hint)

    def _sources(self, value: Node, path: Path, merges: int) -> list[Mapping]:
        """List the mappings that `<<` names."""
        target = target_of(value)
        nodes = target.items if isinstance(target, Sequence) else [value]
        found = [target_of(node) for node in nodes]
        for node, source in zip(nodes, found, strict=True):
            self._count(node)
            if not isinstance(source, Mapping):
                expected = "a mapping such as *name, or a list of mappings"
                self._refuse_key(node, (*path, _MERGE), merges, kind_of(node), expected)
        return [source for source in found if isinstance(source, Mapping)]

    def _scalar(self, node: Scalar, path: Path) -> object:
        text = node.text
        if not node.plain or node.tag not in (None, ""):
            return text
        if len(text) > _LONGEST_NUMBER:
            if _NUMBER.fullmatch(text):
                self.refuse(node.line, path, f"a number of {len(text):,} digits", "a number that a computer can hold")
            return text
        return next((convert(text) for pattern, convert in _PLAIN_VALUES if pattern.fullmatch(text)), text)
