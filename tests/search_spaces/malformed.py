"""Malformed grids, overrides and filters: an edit of `GRID` each, with the complaint in full.

A complaint has the place, what was found, what was expected, and the hint where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid_file import read_grid
from tests.search_spaces.grids import GRID


@dataclass(frozen=True)
class Case:
    """One malformed input and everything that is said about it."""

    name: str
    edits: tuple[tuple[str, str], ...] = ()
    sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    complaints: tuple[tuple[str, str, str], ...] = ()
    """(place and key, part of what was found, part of what was expected or hinted)"""


def edit(name: str, old: str, new: str, *complaints: tuple[str, str, str]) -> Case:
    return Case(name, ((old, new),), complaints=complaints)


def override(name: str, *texts: str, complaints: tuple[tuple[str, str, str], ...]) -> Case:
    return Case(name, sets=texts, complaints=complaints)


def only(name: str, *texts: str, complaints: tuple[tuple[str, str, str], ...]) -> Case:
    return Case(name, only=texts, complaints=complaints)


def tail(name: str, text: str, *complaints: tuple[str, str, str]) -> Case:
    """A grid with more text at its end, from line 23 on."""
    return Case(name, (("  lr: 1e-3\n", f"  lr: 1e-3\n{text}"),), complaints=complaints)


def check_refused(case: Case, folder: Path) -> None:
    """Read the malformed grid in `folder`, which is empty and current. Each mistake has one complaint; nothing is written."""
    text = GRID
    for old, new in case.edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    Path("grid.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserInputError) as raised:
        select(expand(read_grid("grid.yaml", case.sets)).points, parse_filters(case.only))
    error = raised.value
    assert error.exit_code == 2
    assert len(error.problems) == len(case.complaints), str(error)
    for problem, (place, found, expected) in zip(error.problems, case.complaints, strict=True):
        heading, *facts = str(problem).splitlines()
        assert place in heading
        assert found in facts[0]
        assert any(expected in fact for fact in facts[1:]), str(problem)
    assert list(folder.iterdir()) == [folder / "grid.yaml"], "something was written"
