"""Points as JSON: one point from its canonical content, and many of one pack without saying everything many times.

The runs of a pack agree on most fields (that is what makes them a pack), so `points_to_json` writes the common content
once and, per run, only what differs: a launch of 16,384 runs is described in two megabytes instead of twelve.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from enum import StrEnum

from recipe_sweep.search_spaces.point import DesignPoint


def point_from_canonical(content: Mapping[str, object]) -> DesignPoint:
    """The point whose `canonical()` is `content`: absent fields are at their default, or None where inapplicable.

    Raises TypeError or ValueError where the content is no point of this version.
    """
    types_by_name = _field_types()
    unknown = set(content) - set(types_by_name)
    if unknown:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}: written by a newer version?")
    values: dict[str, object] = {}
    for field in dataclasses.fields(DesignPoint):
        if field.name in content:
            values[field.name] = _typed(content[field.name], types_by_name[field.name])
        elif field.default is dataclasses.MISSING:
            values[field.name] = None
    return DesignPoint(**values)  # type: ignore[arg-type]  # names and types come from DesignPoint's own fields


def canonical_text(point: DesignPoint) -> str:
    """The canonical JSON of a point, as it stands in results and progress files."""
    return point.canonical_text()


def points_to_json(points: Sequence[DesignPoint]) -> dict[str, object]:
    """The canonical contents of `points`, factored into what they share and what each adds; order is kept."""
    contents = [point.canonical() for point in points]
    first = contents[0]
    shared = {name: value for name, value in first.items() if all(content.get(name) == value for content in contents)}
    own = [{name: value for name, value in content.items() if name not in shared} for content in contents]
    return {"shared": shared, "runs": own}


def points_from_json(content: Mapping[str, object]) -> tuple[DesignPoint, ...]:
    """Invert `points_to_json`."""
    shared, runs = content["shared"], content["runs"]
    if not isinstance(shared, dict) or not isinstance(runs, list):
        raise ValueError("expected `shared` and `runs`")
    return tuple(point_from_canonical(shared | own) for own in runs)


@functools.cache
def _field_types() -> dict[str, object]:
    hints = typing.get_type_hints(DesignPoint)
    return {field.name: _without_none(hints[field.name]) for field in dataclasses.fields(DesignPoint)}


def _without_none(hint: object) -> object:
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint


def _typed(value: object, hint: object) -> object:
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        return tuple(value)
    if hint is float and isinstance(value, int | float):
        return float(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(str(value))
    return value
