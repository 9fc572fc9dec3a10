"""Reading a grid: the file, the overrides of the command line, the schema, the rules; every mistake of all of them at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from search_spaces.errors import GridError, Problem
from search_spaces.grid import Axes, Grid, Settings
from search_spaces.overrides import apply_overrides
from search_spaces.presets import resolve_grid
from search_spaces.rules import check, contradictions
from search_spaces.validation import Fault, faults, nearest
from search_spaces.yaml_file import Document, KeyPath, read_yaml

_AXES = (*Axes.model_fields, *Settings.model_fields)


def read_grid(reference: str | Path, overrides: Sequence[str] = ()) -> Grid:
    """Read a preset by its name or a grid by its path, with `--set` overrides such as `axes.seed=[0,1]` applied.

    Raises UnreadableFileError for a file that is no YAML, else GridError with every mistake in file and overrides.
    """
    return grid_from(apply_overrides(read_yaml(resolve_grid(reference)), overrides))


def grid_from(document: Document) -> Grid:
    """Validate a document as a grid; raises GridError with every mistake in it."""
    try:
        grid = Grid.model_validate(document.content).read_from(document)
    except ValidationError as invalid:
        found = faults(document, Grid, invalid)
        raise GridError(*(fault.problem for fault in found), *_further_problems(document, found)) from None
    check(grid)
    return grid


def _further_problems(document: Document, found: list[Fault]) -> list[Problem]:
    """What the rules say of the sound part of a document, leaving out whatever rests on its unsound part."""
    sound = copy.deepcopy(document.content)
    for part in {_faulty_part(fault.path) for fault in found}:
        _remove(sound, part)
    try:
        grid = Grid.model_validate(sound).read_from(document)
    except ValidationError:
        return []
    return contradictions(grid, _unsound_axes(document, found))


def _faulty_part(path: KeyPath) -> KeyPath:
    """What must go for the rest to be read: one axis or setting, or a whole list of zip groups or rules."""
    return path[:2] if path[0] in ("axes", "settings") else path[:1]


def _remove(content: dict[str, object], part: KeyPath) -> None:
    if len(part) == 2:
        section = content.get(str(part[0]))
        if isinstance(section, dict):
            section.pop(part[1], None)
    elif part and part[0] not in ("schema_version", "name"):
        content.pop(str(part[0]), None)
    elif part:
        content[str(part[0])] = {"schema_version": 1, "name": "unsound"}[str(part[0])]


def _unsound_axes(document: Document, found: list[Fault]) -> set[str]:
    """Axes with a fault of their own, or of which a misspelt key may have been meant to be the name."""
    names = {str(step) for fault in found for step in fault.path if isinstance(step, str)}
    meant = {axis for axis in _AXES for name in names if nearest(name, [axis])}
    groups = document.content.get("zip") if "zip" in names else None
    zipped = {str(name) for group in groups if isinstance(group, dict) for name in group} if isinstance(groups, list) else set()
    return names | meant | zipped
