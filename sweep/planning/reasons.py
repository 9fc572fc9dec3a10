"""Explains why a run will run: how it differs from the done runs.

A run that was never tried is compared with the done runs of its own design. A value that none of them has is the reason. If
none of these done runs is wanted any more, that value was changed (`steps 2000 -> 4000`). Else it was added (`seed 2, 3`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.launch_file import Reason, Why
from recipe_sweep.sweep.results.setting_text import value_text

_DESIGN_AXES = ("task", "source", "dataset", "decomposition", "value_learning", "extraction")
_OTHER_FIELDS = tuple(field.name for field in dataclasses.fields(DesignPoint) if field.name not in _DESIGN_AXES)
_SHOWN_VALUES = 8


class _Novelty(NamedTuple):
    """A field with a value that no comparable done run has; `before` are their values, if none of them is wanted now."""

    field: str
    before: tuple[object, ...]


class _Done(NamedTuple):
    """Values of the done runs of one design, by field."""

    values: dict[str, set[object]]
    wanted_now: bool


def explain(new: Sequence[DesignPoint], done: Iterable[DesignPoint], wanted: frozenset[str]) -> tuple[Reason, ...]:
    """Give the reasons of runs that were never tried. `done` are all done runs, `wanted` the ids that the grid wants."""
    designs, seen = _summarised(done, wanted)
    if not designs:
        return (Reason(Why.NEW, "no run of this sweep is done", tuple(point.run_id for point in new)),) if new else ()
    groups: dict[tuple[_Novelty, ...], list[DesignPoint]] = defaultdict(list)
    for point in new:
        groups[_novelties(point, designs, seen)].append(point)
    return tuple(_reason(novelties, points) for novelties, points in groups.items())


def _design(point: DesignPoint) -> tuple[str, ...]:
    return (point.decomposition, point.value_learning, point.extraction)


def _summarised(
    done: Iterable[DesignPoint], wanted: frozenset[str]
) -> tuple[dict[tuple[str, ...], _Done], dict[str, set[object]]]:
    """Collect the values of the done runs' fields per design, and of the design axes over all."""
    seen: dict[str, set[object]] = defaultdict(set)
    by_design: dict[tuple[str, ...], list[DesignPoint]] = defaultdict(list)
    for point in done:
        by_design[_design(point)].append(point)
        for name in _DESIGN_AXES:
            seen[name].add(getattr(point, name))
    designs = {}
    for design, points in by_design.items():
        kept = [point for point in points if point.run_id in wanted]
        values = {name: {getattr(point, name) for point in kept or points} for name in _OTHER_FIELDS}
        designs[design] = _Done(values, wanted_now=bool(kept))
    return designs, seen


def _novelties(point: DesignPoint, designs: dict[tuple[str, ...], _Done], seen: dict[str, set[object]]) -> tuple[_Novelty, ...]:
    new_axes = tuple(_Novelty(name, ()) for name in _DESIGN_AXES if getattr(point, name) not in seen[name])
    same = designs.get(_design(point))
    if new_axes or same is None:
        return new_axes
    new_fields = (name for name in _OTHER_FIELDS if getattr(point, name) not in same.values[name])
    return tuple(_Novelty(name, () if same.wanted_now else _ordered(same.values[name])) for name in new_fields)


def _reason(novelties: tuple[_Novelty, ...], points: Sequence[DesignPoint]) -> Reason:
    run_ids = tuple(point.run_id for point in points)
    if not novelties:
        return Reason(Why.NEW, "not run yet", run_ids)
    parts = []
    for field, before in novelties:
        now = _text(_ordered({getattr(point, field) for point in points}))
        parts.append(f"{field} {_text(before)} -> {now}" if before else f"{field} {now}")
    changed = any(novelty.before for novelty in novelties)
    return Reason(Why.CHANGED if changed else Why.NEW, "; ".join(parts), run_ids)


def _ordered(values: set[object]) -> tuple[object, ...]:
    return tuple(sorted(values, key=lambda value: (str(type(value)), value)))


def _text(values: Sequence[object]) -> str:
    shown = [value_text(value) for value in values[:_SHOWN_VALUES]]
    return ", ".join([*shown, *(["..."] if len(values) > _SHOWN_VALUES else [])])
