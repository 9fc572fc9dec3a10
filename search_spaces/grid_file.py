"""Reads a grid: the file, the overrides of the command line, the schema and the rules. All mistakes are reported at once."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from recipe_sweep.search_spaces.errors import MOST_TOLD, GridError, Problem
from recipe_sweep.search_spaces.extending import EXTENDS, extended, read_extended
from recipe_sweep.search_spaces.foreign import foreign
from recipe_sweep.search_spaces.grid import Axes, Grid, Settings
from recipe_sweep.search_spaces.overrides import apply_overrides
from recipe_sweep.search_spaces.presets import resolve_grid
from recipe_sweep.search_spaces.rules import contradictions
from recipe_sweep.search_spaces.validation import Fault, faults, nearest
from recipe_sweep.search_spaces.yaml_file import Document, KeyPath, Place, key_text, read_yaml

_AXES = (*Axes.model_fields, *Settings.model_fields)


def read_grid(reference: str | Path, overrides: Sequence[str] = ()) -> Grid:
    """Read a preset by its name or a grid by its path, and apply `--set` overrides such as `axes.seed=[0,1]`.

    A file that extends another is merged with it first (`extending.py`).

    Raises UnreadableFileError for a file that is not YAML, and GridError with every mistake in file and overrides.
    """
    overridden = apply_overrides(read_extended(resolve_grid(reference)), overrides)
    return grid_from(overridden.document, overridden.problems)


def grid_of_mapping(content: Mapping[str, object], overrides: Sequence[str] = ()) -> Grid:
    """Read a grid that is given in Python, with the keys of a file. Tuples count as lists, and numbers of NumPy as numbers.

    Raises GridError with every mistake in it and in the overrides.
    """
    plain = _plain(content)
    assert isinstance(plain, dict)
    overridden = apply_overrides(Document(plain, {(): Place("the grid", None)}), overrides)
    return grid_from(overridden.document, overridden.problems)


def _plain(value: object) -> object:
    """Convert a value of Python to one that a YAML file can hold."""
    match value:
        case Mapping():
            return {key if isinstance(key, str) else str(key): _plain(part) for key, part in value.items()}
        case str():
            return str(value)
        case list() | tuple() | range():
            return [_plain(part) for part in value]
    listed = getattr(value, "tolist", None)  # NumPy's numbers and arrays have it.
    return value if listed is None else listed()


def standalone_text(reference: str | Path) -> str:
    """Return a grid's text as written. If the grid extends another, write the merged document, which needs no other file.

    Raises as `read_grid`.
    """
    path = resolve_grid(reference)
    own = read_yaml(path)
    grid = grid_from(extended(own, path))
    return document_text(grid) if EXTENDS in own.content else path.read_text(encoding="utf-8")


def document_text(grid: Grid) -> str:
    """Write a grid, with its overrides applied, as a file that needs no other."""
    return json.dumps(grid.document.content, indent=2)  # JSON is YAML.


def grid_from(document: Document, known: Sequence[Problem] = ()) -> Grid:
    """Validate a document as a grid.

    Raises GridError with every mistake in it and those already known. If the file has another program's keys, that is the only
    mistake reported.
    """
    if (other := foreign(document)) is not None:
        raise GridError(document.problem(other.path, other.found, "a grid of recipe-sweep", other.hint))
    try:
        grid = Grid.model_validate(document.content).read_from(document)
        problems = contradictions(grid)
    except ValidationError as invalid:
        found = faults(document, Grid, invalid)
        problems = [*(fault.problem for fault in found), *_further_problems(document, found)]
    if known or problems:
        raise GridError(*known, *sorted(problems, key=lambda problem: problem.line or 0))
    return grid


def _further_problems(document: Document, found: list[Fault]) -> list[Problem]:
    """Apply the rules to the sound part of a document. Findings that depend on an unsound axis are left out."""
    if len(found) > MOST_TOLD:
        return []
    sound = copy.deepcopy(document.content)
    for fault in found:
        _mend(sound, fault.path)
    try:
        grid = Grid.model_validate(sound).read_from(document)
    except ValidationError:
        return []
    rules = tuple(key_text(fault.path[:2]) for fault in found if fault.path[0] == "exclude")
    return [problem for problem in contradictions(grid, _unsound_axes(document, found)) if not problem.key.startswith(rules)]


def _mend(content: dict[str, object], path: KeyPath) -> None:
    """Take out the part at fault, so that the rest can be read: an axis or setting, a rule, all zip groups."""
    section = content.get(str(path[0])) if path else None
    match path:
        case ("axes" | "settings" | "search", str() as name, *_) if isinstance(section, dict):
            section.pop(name, None)
        case ("exclude", int() as index, *_) if isinstance(section, list):
            section[index] = {"when": {"seed": "unsound"}, "reason": "unsound"}
        case ("schema_version" | "name" as name, *_):
            content[name] = {"schema_version": 1, "name": "unsound"}[name]
        case (str() as name, *_):
            content.pop(name, None)


def _unsound_axes(document: Document, found: list[Fault]) -> set[str]:
    """Collect the axes that have a fault.

    An axis also counts as unsound if a misspelt key may have been meant for it.
    """
    names = {str(step) for fault in found for step in fault.path if isinstance(step, str) and fault.path[0] != "exclude"}
    meant = {axis for axis in _AXES for name in names if nearest(name, [axis])}
    groups = document.content.get("zip") if "zip" in names else None
    zipped = {str(name) for group in groups if isinstance(group, dict) for name in group} if isinstance(groups, list) else set()
    return names | meant | zipped
