"""Changes to a grid from the command line: `--set axes.seed=[0,1]`.

A user may shorten a key to the end of its path, if only one key ends so (`steps`, `brac`). `null` takes a key away. The change
is made before the grid is validated. A complaint about a change quotes its text instead of a line.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, get_args, get_origin

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import GridError, Problem, UnreadableFileError
from recipe_sweep.search_spaces.grid import Axes, Grid, Settings
from recipe_sweep.search_spaces.search import Search
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.validation import nearest
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction
from recipe_sweep.search_spaces.words import Word
from recipe_sweep.search_spaces.yaml_file import Document, KeyPath, Place, key_text, parse_value, shown

_FORM = "KEY=VALUE, the value as in YAML"


class Overridden(NamedTuple):
    """A document with the overrides that could be applied, and what is wrong with the others."""

    document: Document
    problems: tuple[Problem, ...]


def apply_overrides(document: Document, texts: Sequence[str]) -> Overridden:
    """Apply each override to a copy of the document."""
    content, places = copy.deepcopy(document.content), dict(document.places)
    problems: list[Problem] = []
    done: dict[KeyPath, str] = {}
    for text in texts:
        try:
            path, value = _parse(text)
            if path in done:
                raise GridError(
                    Problem(_option(text), found=f"{key_text(path)} again, after {done[path]!r}", expected="each key once")
                )
            done[path] = text
            _put(content, path, value, text)
        except GridError as error:
            problems.extend(error.problems)
            continue
        places = {known: place for known, place in places.items() if known[: len(path)] != path}
        places[path] = Place(_option(text), None)
    return Overridden(Document(content, places), tuple(problems))


def override_keys() -> tuple[str, ...]:
    """List every key that an override can name, in full: `axes.seed`, `axes.alpha.brac`."""
    return tuple(key_text(path) for path in _paths())


def override_words(key: str) -> tuple[str, ...]:
    """List the words that a key's value may have; none for keys with numbers, and for unknown keys.

    A key may be shortened as in an override.
    """
    try:
        path = _find(key, key)
    except GridError:
        return ()
    name = str(path[1] if path[0] in ("axes", "settings") and len(path) > 1 else path[0])
    return tuple(_NAMES[name]() if name in _NAMES else _words_in(_FIELDS[name].annotation if name in _FIELDS else None))


_FIELDS = Grid.model_fields | Axes.model_fields | Settings.model_fields

_NAMES: dict[str, Callable[[], Iterable[str]]] = {
    "task": lambda: TASKS,
    "dataset": lambda: sorted({name for task in TASKS.values() for names in task.datasets.values() for name in names}),
}
"""Names that no type lists. They are looked up when needed, because plugins add tasks and datasets."""


def _words_in(kind: object) -> Iterable[str]:
    """List the words of a field's type: of what a list holds, and of the values of a mapping."""
    parts = get_args(kind)
    if parts:
        return _words_in(parts[1] if get_origin(kind) is dict else parts[0])
    if not isinstance(kind, type):
        return ()
    if issubclass(kind, Word):
        return _labels(kind)
    if kind is bool:
        return ("true", "false")
    return [str(word) for word in kind] if issubclass(kind, StrEnum) else ()


def _parse(text: str) -> tuple[KeyPath, object]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key:
        raise GridError(Problem(_option(text), found=shown(text), expected=_FORM, hint="e.g. axes.seed=[0,1]"))
    path = _find(key, text)
    if not equals or not value:
        found = "no = and no value" if not equals else "no value"
        hint = f"{key}=null takes the key away"
        raise GridError(Problem(_option(text), None, key_text(path), found, _FORM, hint))
    try:
        return path, parse_value(value)
    except UnreadableFileError as error:
        raise GridError(Problem(_option(text), None, key, error.problems[0].found, _FORM)) from None


def _find(key: str, text: str) -> KeyPath:
    """Find the only path that is `key` or ends in it. Raises GridError if there is none, or more than one."""
    wanted = tuple(key.split("."))
    known = list(_paths())
    # Keys of a search must be written in full, because `seed` and `brac` alone mean the axes.
    ending = [path for path in known if path == wanted] or [
        path for path in known if path[-len(wanted) :] == wanted and path[0] != "search"
    ]
    if len(ending) == 1:
        return ending[0]
    if ending:
        choices = ", ".join(key_text(path) for path in ending)
        raise GridError(Problem(_option(text), None, key, "a key that may mean several", f"one of {choices}"))
    names = {name: key_text(path) for path in known for name in (path[-1], key_text(path)) if isinstance(name, str)}
    raise GridError(Problem(_option(text), None, key, f"the unknown key {cut(key)!r}", "a key of a grid", nearest(key, names)))


def _paths() -> Iterable[tuple[str, ...]]:
    """Yield every key that a grid may have."""
    yield from ((name,) for name in Grid.model_fields)
    yield from (("axes", name) for name in Axes.model_fields)
    yield from (("settings", name) for name in Settings.model_fields)
    yield from (("axes", "alpha", name) for name in _labels(Extraction))
    yield from (("axes", "critic_norm", name) for name in _labels(Decomposition))
    yield from (("axes", "dataset", task) for task in TASKS)
    yield from (("search", name) for name in Search.model_fields)
    yield from (("search", "alpha", name) for name in _labels(Extraction))


def _labels(axis: type[Word]) -> list[str]:
    return [word.label for word in axis.members()]


def _put(content: dict[str, object], path: KeyPath, value: object, text: str) -> None:
    """Set the value at a path and make the mappings on the way. None takes the key away."""
    here: object = content
    for depth, step in enumerate(path):
        if not isinstance(here, dict):
            whole = key_text(path[:depth])
            found, hint = f"{whole} = {shown(here)} in the grid", f"set {whole} as a whole"
            raise GridError(Problem(_option(text), None, key_text(path), found, f"a mapping in {whole}", hint))
        if depth + 1 < len(path):
            here = here.setdefault(step, {})
        elif value is None:
            here.pop(step, None)
        else:
            here[step] = value


def _option(text: str) -> str:
    return cut(f"--set {text}")
