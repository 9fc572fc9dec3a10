"""Points as JSON: one point from its canonical content, and many of one pack without repeating what they share.

The runs of a pack agree in most fields. So `points_to_json` writes the common content once, and for each run only what differs.
A launch of 16,384 runs then takes two megabytes instead of twelve.
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
from recipe_sweep.search_spaces.vocabulary import DivergenceBound
from recipe_sweep.search_spaces.words import Word


def point_from_canonical(content: Mapping[str, object]) -> DesignPoint:
    """Build the point whose `canonical()` is `content`.

    Absent fields have their default, or None if they do not apply. Raises TypeError or ValueError if the content is no point of
    this version.
    """
    _refuse_unknown(content)
    return DesignPoint(**_values(content, _field_types()))  # type: ignore[arg-type]  # names and types are DesignPoint's own


def point_from_text(text: str) -> DesignPoint:
    """Build the point of a canonical JSON. Raises TypeError or ValueError if it is no point of this version."""
    return point_from_canonical(json.loads(text))


def fields_of_text(text: str) -> dict[str, Any]:
    """Return the fields of a point's canonical JSON of any version. Raises ValueError if it is no JSON."""
    fields: dict[str, Any] = json.loads(text)
    return fields


def canonical_text(point: DesignPoint) -> str:
    """Return the canonical JSON of a point, as results and progress files have it."""
    return point.canonical_text()


def points_to_json(points: Sequence[DesignPoint]) -> dict[str, object]:
    """Write the canonical contents of `points`, split into what they share and what each adds. Their order is kept."""
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
    """Return the values of a point's fields. An absent field has its default, or None if it does not apply."""
    hints, absent = _field_types(), values_where_absent()
    return {name: _typed(content[name], hints[name]) if name in content else absent[name] for name in names}


def _refuse_unknown(content: Mapping[str, object]) -> None:
    unknown = content.keys() - _field_types().keys()
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}: written by a newer version?")


@functools.cache
def values_where_absent() -> Mapping[str, object]:
    """Return the values of the fields that a canonical point leaves out: their default, or None."""
    fields = dataclasses.fields(DesignPoint)
    return {field.name: None if field.default is dataclasses.MISSING else field.default for field in fields}


@functools.cache
def _field_types() -> dict[str, type]:
    """Return for each field the class of its value. For a tuple this is `tuple`, without the type of its elements."""
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
    if kind is float:  # Only the bound of |Q| may be a word.
        return DivergenceBound(str(value))
    if issubclass(kind, Word):
        return kind.of(str(value))
    if issubclass(kind, StrEnum):
        return kind(str(value))
    return value
