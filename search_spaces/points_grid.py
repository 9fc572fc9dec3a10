"""Writes points as a grid file that expands to exactly these points.

Axes with one value stand alone. An axis that every other combination has in full stands as a list. All others advance together
in a zip group, which has a row for each point.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid import SCHEMA_VERSION, Axes, Settings
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.point import NUMERICS_VERSION, DesignPoint
from recipe_sweep.search_spaces.tables import condition
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.search_spaces.yaml_file import parse_yaml

_BY_TASK, _BY_WORD = ("dataset",), {"alpha": "extraction", "critic_norm": "decomposition"}
"""Axes whose values a grid lists by the value of another axis."""

_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_READ_OTHERWISE = {"true", "false", "null", "none"}
_WIDTH = 118


@dataclass(frozen=True)
class Heading:
    """What stands above the axes of a written grid. `comments` are paragraphs at the top of the file."""

    name: str
    description: str
    comments: Sequence[str]
    ablation: bool = False
    keep: Keep | None = None


Cells = Mapping[str, object]
"""A point's values by the names of columns, as in `recipe_sweep.search_spaces.tables`."""


def written_grid(points: Sequence[DesignPoint], heading: Heading) -> str:
    """Write a grid of these points. Raises ValueError without points, and for points that no grid of one file has."""
    # A grid names no numerics: a new sweep has the newest.
    wanted = {replace(point, numerics=NUMERICS_VERSION).run_id for point in points}
    if not wanted:
        raise ValueError("a grid has at least one point")
    rows = [_cells(point) for point in points]
    for listed in (_listed(rows), {}):
        text = _text(rows, listed, heading)
        if {point.run_id for point in expand(grid_from(parse_yaml(text, "the grid"))).points} == wanted:
            return text
    raise ValueError("these points cannot be written as one grid")


def _cells(point: DesignPoint) -> Cells:
    """Return a point's values in the columns that it has."""
    found = {}
    for axis in (*Axes.model_fields, *Settings.model_fields):
        column = axis
        if axis in _BY_WORD:
            column = f"{axis}.{getattr(point, _BY_WORD[axis])}"
        elif axis in _BY_TASK:
            column = f"{axis}.{point.task}"
        needed = condition(column)
        if needed is None or getattr(point, needed.axis) in needed.values:
            found[column] = getattr(point, axis)
    return found


def _listed(rows: Sequence[Cells]) -> dict[str, list[object]]:
    """Find the axes that every combination of the others has in full, seeds first."""
    everywhere = [name for name in rows[0] if all(name in row for row in rows)]
    left, listed = [dict(row) for row in rows], {}
    for name in sorted(everywhere, key=lambda name: (name != "seed", not name.startswith("dataset."))):
        values = list(dict.fromkeys(row[name] for row in left))
        others = {tuple((key, value) for key, value in row.items() if key != name): row for row in left}
        if len(values) > 1 and len(others) * len(values) == len(left):
            listed[name] = values
            left = [{key: value for key, value in row.items() if key != name} for row in others.values()]
    return listed


def _text(rows: Sequence[Cells], listed: Mapping[str, Sequence[object]], heading: Heading) -> str:
    columns = {name: None for row in rows for name in row}
    values = {name: list(dict.fromkeys(row[name] for row in rows if name in row)) for name in columns}
    zipped = [name for name in columns if len(values[name]) > 1 and name not in listed]
    if len(zipped) == 1:  # One axis alone is no group.
        listed, zipped = {**listed, zipped[0]: values[zipped[0]]}, []
    table = _distinct([{name: row.get(name, values[name][0]) for name in zipped} for row in rows])
    alone = {name: listed.get(name, values[name]) for name in columns if name not in zipped}
    lines = [*_comments(heading.comments), f"schema_version: {SCHEMA_VERSION}", f"name: {_value(heading.name)}"]
    lines.append(f"description: {json.dumps(heading.description)}")
    lines += ["ablation: true"] if heading.ablation else []
    lines += [f"keep: {heading.keep.value}"] if heading.keep is not None else []
    lines += ["", "axes:", *_section({name: each for name, each in alone.items() if _is_axis(name)}, "  ")]
    settings = {name: each for name, each in alone.items() if not _is_axis(name) and not _is_default(name, each)}
    lines += ["", "settings:", *_section(settings, "  ")] if settings else []
    if zipped:
        group = list(_section({name: [row[name] for row in table] for name in zipped}, "    "))
        lines += ["", "# These advance together: the first values of all are one combination, then the second.", "zip:"]
        lines += [f"  - {group[0].lstrip()}", *group[1:]]
    return "\n".join(lines) + "\n"


def _distinct(rows: Sequence[Cells]) -> list[Cells]:
    return list({tuple(row.items()): row for row in rows}.values())


def _is_axis(column: str) -> bool:
    return column.partition(".")[0] in Axes.model_fields


def _is_default(setting: str, values: Sequence[object]) -> bool:
    return bool(tuple(values) == getattr(Settings(), setting))


def _section(columns: Mapping[str, Sequence[object]], indent: str) -> Iterator[str]:
    """Write columns as keys, those of one axis below each other."""
    for axis in dict.fromkeys(name.partition(".")[0] for name in columns):
        parts = {name: values for name, values in columns.items() if name.partition(".")[0] == axis}
        if axis in parts:
            yield f"{indent}{axis}: {_values(parts[axis])}"
            continue
        yield f"{indent}{axis}:"
        for name, values in parts.items():
            yield f"{indent}  {_value(name.partition('.')[2])}: {_values(values)}"


def _values(values: Sequence[object]) -> str:
    """Write one value alone, and several as a list."""
    texts = [_value(value) for value in values]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        text = str(value)
        return text if _SAFE.fullmatch(text) and text.lower() not in _READ_OTHERWISE else json.dumps(text)
    return repr(value)


def _comments(paragraphs: Sequence[str]) -> Iterator[str]:
    """Write paragraphs as comments; an empty one is an empty line. No character in them can end a comment."""
    for paragraph in paragraphs:
        plain = "".join(letter if letter.isprintable() else " " for letter in paragraph)
        yield from (f"# {line}".rstrip() for line in textwrap.wrap(plain, _WIDTH) or [""])
