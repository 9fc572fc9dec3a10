"""Chooses points by the values of their axes: `--only` on the command line, `exclude` in a grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from recipe_sweep.search_spaces.abridged import cut, ranges
from recipe_sweep.search_spaces.axis_types import LONGEST_RANGE, seed_range
from recipe_sweep.search_spaces.errors import Problem, SelectionError, UnreadableFileError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.validation import nearest, one_of
from recipe_sweep.search_spaces.yaml_file import parse_value, shown

SELECTABLE = tuple(field.name for field in dataclasses.fields(DesignPoint) if field.name not in ("dataset_version", "numerics"))
"""The axes and settings by which points can be chosen."""


@dataclass(frozen=True)
class Criterion:
    """One axis and the values that are chosen. Absent values (tau without IQL) are written `none`."""

    axis: str
    values: tuple[object, ...]

    def matches(self, point: DesignPoint) -> bool:
        """Say whether the point has one of the values."""
        value = getattr(point, self.axis)
        return ("none" if value is None else value) in self._known

    @cached_property
    def _known(self) -> frozenset[object]:
        """The values that a point can have.

        They are a set, because every point looks values up among tens of thousands of seeds.
        """
        return frozenset(value for value in self.values if _is_hashable(value))


def criteria_of(when: Mapping[str, Sequence[object]]) -> tuple[Criterion, ...]:
    """Make criteria from a mapping of axes to lists of values, the form of a grid's `exclude` rule."""
    return tuple(Criterion(axis, _values(axis, values)) for axis, values in when.items())


def parse_filters(texts: Iterable[str]) -> tuple[Criterion, ...]:
    """Read filters such as `decomposition=mix,vdn` and `seed=0`; raises SelectionError with every mistake."""
    criteria: list[Criterion] = []
    problems: list[Problem] = []
    for text in texts:
        parsed = _parse_filter(text, {criterion.axis for criterion in criteria})
        (problems if isinstance(parsed, Problem) else criteria).append(parsed)  # type: ignore[arg-type]
    if problems:
        raise SelectionError(*problems)
    return tuple(criteria)


def select(points: Sequence[DesignPoint], criteria: Iterable[Criterion]) -> tuple[DesignPoint, ...]:
    """Choose the points that meet every criterion.

    Raises SelectionError for a value that no point has, and if no point is left.
    """
    wanted = list(criteria)
    problems = [problem for criterion in wanted for problem in _unknown_values(points, criterion)]
    if problems:
        raise SelectionError(*problems)
    chosen = tuple(point for point in points if all(criterion.matches(point) for criterion in wanted))
    if not chosen and wanted:
        raise SelectionError(
            Problem(_option(wanted), found="filters that no point meets together", expected="at least one point")
        )
    return chosen


class Strangers(NamedTuple):
    """Values of a criterion that no point has, with the texts of a problem."""

    found: str
    expected: str
    hint: str | None


def strangers_among(criterion: Criterion, known: Sequence[object]) -> Strangers | None:
    """Describe the criterion's values that are not among the known ones; None if all are known."""
    present = set(known)  # All are words, numbers or tuples of them.
    strange = [
        value for value in criterion.values if isinstance(value, bool) or not _is_hashable(value) or value not in present
    ]
    if not strange:
        return None
    names = [str(list(value)) if isinstance(value, tuple) else str(value) for value in known]
    hints = (nearest(value, names) for value in strange[:5] if isinstance(value, str))  # Numbers have no nearest name.
    more = ", ..." if len(strange) > 5 else ""
    found = ", ".join(shown(list(value) if isinstance(value, tuple) else value) for value in strange[:5]) + more
    if any(isinstance(value, str) and seed_range(value) is not None for value in strange):
        return Strangers(found, f"ranges of 1 to {LONGEST_RANGE:,} seeds, from a smaller to a larger one", None)
    return Strangers(found, one_of(names), next(filter(None, hints), None))


def _parse_filter(text: str, before: set[str]) -> Criterion | Problem:
    axis, equals, value = (part.strip() for part in text.partition("="))
    option = cut(f"--only {text}")
    if not equals or not value:
        return Problem(option, found=shown(text), expected="AXIS=VALUE or AXIS=VALUE,VALUE", hint="e.g. decomposition=mix,vdn")
    if axis not in SELECTABLE:
        return Problem(
            option, found=f"the unknown axis {cut(axis)!r}", expected=one_of(SELECTABLE), hint=nearest(axis, SELECTABLE)
        )
    if axis in before:
        return Problem(
            option, found=f"{axis} a second time", expected="each axis once", hint=f"{axis}=VALUE,VALUE takes either"
        )
    try:
        listed = parse_value(value if value.startswith("[") else f"[{value}]")
    except UnreadableFileError as error:
        return Problem(option, found=error.problems[0].found, expected="AXIS=VALUE or AXIS=VALUE,VALUE")
    return Criterion(axis, _values(axis, listed if isinstance(listed, list) else [listed]))


def _values(axis: str, values: Sequence[object]) -> tuple[object, ...]:
    """Convert values to the form that points hold: a network's shape to a tuple, a range of seeds to its seeds."""
    if axis == "seed":
        read = [(value, seed_range(value) if isinstance(value, str) else None) for value in values]
        # A range that is empty or too long stays text. No point has such a value, so it is reported.
        values = [seed for value, seeds in read for seed in (seeds if seeds and len(seeds) <= LONGEST_RANGE else [value])]
    if axis == "hidden" and not all(isinstance(value, list | tuple) for value in values):
        values = [values]
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _unknown_values(points: Sequence[DesignPoint], criterion: Criterion) -> Iterable[Problem]:
    present = dict.fromkeys(getattr(point, criterion.axis) for point in points)
    strangers = strangers_among(criterion, ["none" if value is None else value for value in present])
    if strangers is not None:
        yield Problem(_option([criterion]), None, criterion.axis, strangers.found, strangers.expected, strangers.hint)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:  # a list in a list
        return False
    return True


def _option(criteria: Iterable[Criterion]) -> str:
    return f"--only {' '.join(cut(_text(criterion)) for criterion in criteria)}"


def _text(criterion: Criterion) -> str:
    """Write a criterion as a user may type it, with its seeds as ranges again."""
    texts = [text for text, _ in ranges((value, None) for value in criterion.values)]
    return f"{criterion.axis}={','.join(texts)}"
