"""Points as JSON: one point from its canonical content, and many of one pack without saying everything many times.

The runs of a pack agree on most fields (that is what makes them a pack), so `points_to_json` writes the common content
once and, per run, only what differs: a launch of 16,384 runs is described in two megabytes instead of twelve.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.words import Word


def point_from_canonical(content: Mapping[str, object]) -> DesignPoint:
    """The point whose `canonical()` is `content`: absent fields are at their default, or None where inapplicable.

    Raises TypeError or ValueError where the content is no point of this version.
    """
    _refuse_unknown(content)
    return DesignPoint(**_values(content, _field_types()))  # type: ignore[arg-type]  # names and types are DesignPoint's own


def point_from_text(text: str) -> DesignPoint:
    """Return the point of a canonical JSON. Raises TypeError or ValueError where it is no point of this version."""
    return point_from_canonical(json.loads(text))


def fields_of_text(text: str) -> dict[str, Any]:
    """Return the fields of a point's canonical JSON, whichever version wrote it. Raises ValueError where it is no JSON."""
    fields: dict[str, Any] = json.loads(text)
    return fields


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
    for own in (shared, *runs):
        _refuse_unknown(own)
    named = {name for own in runs for name in own}
    common = _values(shared, _field_types().keys() - named)
    return tuple(DesignPoint.sharing(common, [_values(shared | own, named) for own in runs]))


def _values(content: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """The fields' values of a point: where absent, their default, or None where they do not apply."""
    hints, absent = _field_types(), _values_where_absent()
    return {name: _typed(content[name], hints[name]) if name in content else absent[name] for name in names}


def _refuse_unknown(content: Mapping[str, object]) -> None:
    unknown = content.keys() - _field_types().keys()
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}: written by a newer version?")


@functools.cache
def _values_where_absent() -> dict[str, object]:
    fields = dataclasses.fields(DesignPoint)
    return {field.name: None if field.default is dataclasses.MISSING else field.default for field in fields}


@functools.cache
def _field_types() -> dict[str, type]:
    """Of each field the class that its JSON value is made into: of a tuple, whatever is in it."""
    hints = typing.get_type_hints(DesignPoint)
    plain = {field.name: _without_none(hints[field.name]) for field in dataclasses.fields(DesignPoint)}
    return {name: typing.get_origin(hint) or hint for name, hint in plain.items()}  # type: ignore[misc]


def _without_none(hint: object) -> object:
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint


def _typed(value: object, kind: type) -> object:
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if kind is float and isinstance(value, int | float):
        return float(value)
    if issubclass(kind, Word):
        return kind.of(str(value))
    if issubclass(kind, StrEnum):
        return kind(str(value))
    return value
