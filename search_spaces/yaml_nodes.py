"""Parses the text of YAML to nodes, within bounds that are checked during parsing.

Anchors are remembered and aliases point to them. The reader of the nodes counts what an alias repeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from recipe_sweep.search_spaces.errors import Problem, UnreadableFileError

MOST_VALUES = 25_000
"""Values in one file, with keys, and with aliases written out. Ranges are short: `0-9999` is one value."""

MOST_DEPTH = 50
"""Lists and mappings inside one another. A grid has six levels."""

MOST_DIRECTIVES = 10
"""Lines that begin with %. The parser compares each of them with all others."""

_NO_TEXT = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Scalar:
    """A single value as written. A `plain` value has no quotes, and may mean a number."""

    line: int
    tag: str | None
    text: str
    plain: bool


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    tag: str | None
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys with their values, in the order of the text. A key may be in it twice."""

    line: int
    tag: str | None
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


@dataclass(slots=True)
class Alias:
    """An alias `*name` with the node that `&name` names."""

    line: int
    target: Scalar | Sequence | Mapping


Node = Scalar | Sequence | Mapping | Alias


def target_of(node: Node) -> Scalar | Sequence | Mapping:
    """Return the node itself, or the node that an alias points to."""
    return node.target if isinstance(node, Alias) else node


def compose(text: str, file: str) -> Node | None:
    """Parse a text to the nodes of its one document; None for an empty text.

    Raises UnreadableFileError naming the line.
    """
    _check_characters(text, file)
    try:
        return _Composer(text, file).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines = text.splitlines()
        hint = "indent with spaces, not tabs" if mark and mark.line < len(lines) and "\t" in lines[mark.line] else None
        found = ", ".join(part for part in (error.context, error.problem) if part)
        problem = Problem(file, mark.line + 1 if mark else None, found=found, expected="YAML", hint=hint)
    raise UnreadableFileError(problem)


def too_many_values(file: str, line: int | None, written_out: bool = False) -> UnreadableFileError:
    """Make the error for a file that has too many values."""
    found = f"more than {MOST_VALUES:,} values" + (", its aliases written out" if written_out else "")
    hint = "write many seeds as ranges such as 0-9999"
    return UnreadableFileError(Problem(file, line, found=found, expected=f"at most {MOST_VALUES:,}", hint=hint))


def too_deep(file: str, line: int | None) -> UnreadableFileError:
    """Make the error for a file whose lists and mappings are nested too deeply."""
    found = f"lists or mappings nested too deeply (more than {MOST_DEPTH} levels)"
    return UnreadableFileError(Problem(file, line, found=found, expected="YAML of a few levels"))


def _check_characters(text: str, file: str) -> None:
    strange = _NO_TEXT.search(text)
    if strange is not None:
        line = text.count("\n", 0, strange.start()) + 1
        found = f"the control character U+{ord(strange[0]):04X}"
        raise UnreadableFileError(Problem(file, line, found=found, expected="plain text"))
    directives = sum(1 for _ in zip(re.finditer("^%", text, re.MULTILINE), range(MOST_DIRECTIVES + 1), strict=False))
    if directives > MOST_DIRECTIVES:
        found = f"more than {MOST_DIRECTIVES} lines that begin with %"
        raise UnreadableFileError(Problem(file, found=found, expected="YAML without directives"))


class _PythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """Replaces PyYAML's C parser where PyYAML was built without it. It gives the same events, thirty times as slowly."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def _events(text: str) -> Iterator[yaml.Event]:
    parser: Any = yaml.CSafeLoader(text) if yaml.__with_libyaml__ else _PythonParser(text)
    while parser.check_event():
        yield parser.get_event()


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None  # Both parsers mark every event.
    return event.start_mark.line + 1


class _Composer:
    """Builds nodes from events. It counts both, and stops at the first event beyond a bound."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._events = _events(text)
        self._anchors: dict[str, Scalar | Sequence | Mapping | None] = {}
        self._values = 0

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    line = _line(event)
                    raise UnreadableFileError(
                        Problem(self._file, line, found="another document", expected="one YAML document in a file")
                    )
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 0)
        return root

    def _node(self, event: yaml.NodeEvent, depth: int) -> Node:
        line = _line(event)
        self._values += 1
        if self._values > MOST_VALUES:
            raise too_many_values(self._file, line)
        if isinstance(event, yaml.AliasEvent):
            return Alias(line, self._target(event, line))
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if isinstance(event, yaml.ScalarEvent):
            node: Scalar | Sequence | Mapping = Scalar(line, event.tag, event.value, event.style in (None, ""))
        else:
            if event.anchor is not None:
                self._anchors[event.anchor] = None  # an alias in here would hold itself
            node = self._collection(event, line, depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _collection(self, event: yaml.CollectionStartEvent, line: int, depth: int) -> Sequence | Mapping:
        if depth > MOST_DEPTH:
            raise too_deep(self._file, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(line, event.tag, list(self._nodes(depth)))
        inside = self._nodes(depth)
        return Mapping(line, event.tag, list(zip(inside, inside, strict=True)))

    def _nodes(self, depth: int) -> Iterator[Node]:
        """Yield nodes up to the end of the list or mapping that has begun."""
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            assert isinstance(event, yaml.NodeEvent)
            yield self._node(event, depth)

    def _target(self, event: yaml.AliasEvent, line: int) -> Scalar | Sequence | Mapping:
        name = str(event.anchor)
        if name not in self._anchors:
            hint = f"name a value with &{name} above this line"
            raise UnreadableFileError(
                Problem(self._file, line, found=f"the undefined alias *{name}", expected="the name of a value", hint=hint)
            )
        target = self._anchors[name]
        if target is None:
            found = f"the alias *{name} inside the value that &{name} names"
            raise UnreadableFileError(Problem(self._file, line, found=found, expected="a value that does not hold itself"))
        return target
