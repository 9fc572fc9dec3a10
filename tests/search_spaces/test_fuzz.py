"""Whatever stands in a grid file, the answer is a grid or a clear complaint, never a traceback."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.overrides import apply_overrides
from recipe_sweep.search_spaces.yaml_file import Document, parse_yaml
from tests.checkout import ROOT
from tests.search_spaces.grids import GRID, grid_of

WHOLE = parse_yaml(
    GRID + "zip:\n  - gamma: [0.9, 0.99]\n    polyak: [0.1, 0.2]\nexclude:\n  - when: {seed: 0, tau: 0.7}\n    reason: known\n",
    "grid.yaml",
)

WORDS = ["mix", "all", "none", "*", "0-7", "svn", "min", "two_step", "2ant", "og_marl", "1", ""]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2**70), st.floats(), st.sampled_from(WORDS), st.text(max_size=4))
KEYS = st.sampled_from(["brac", "awr", "mix", "seed", "*", "2ant", "when", "lr", "reason", "x", ""])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, inner in items for path in paths(inner, (*here, key)))]


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_any_value_in_any_place_is_taken_or_refused(data: st.DataObject) -> None:
    content = copy.deepcopy(WHOLE.content)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(content)[1:]))
        parent: Any = content
        for step in path[:-1]:
            parent = parent[step]
        if data.draw(st.booleans()) and isinstance(parent, dict):
            del parent[path[-1]]
            parent[data.draw(KEYS)] = data.draw(VALUES)
        else:
            parent[path[-1]] = data.draw(VALUES)
    try:
        points = expand(grid_from(Document(content, WHOLE.places))).points
    except UserInputError as error:
        assert str(error)  # noqa: PT017 - either outcome is fine
        assert all(problem.found and problem.expected for problem in error.problems), str(error)  # noqa: PT017
    else:
        assert points


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GRID)))
    end = start + data.draw(st.integers(0, 12))
    text = (
        GRID[:start] + data.draw(st.text(alphabet=" \t\n:[]{},-#&*!|>'\"%@`a0.\x00\ud7ff\U0001f600", max_size=6)) + GRID[end:]
    )
    try:
        expand(grid_from(parse_yaml(text, "grid.yaml")))
    except UserInputError as error:
        assert "grid.yaml" in str(error)  # noqa: PT017


POINTS = expand(grid_of(seed=[0, 1], decomposition=["mix", "dec"])).points


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12), st.builds("{}={}".format, st.sampled_from(["seed", "hidden", "brac"]), st.text(max_size=8))
        )
    )
)
@settings(max_examples=200, deadline=None)
def test_any_option_is_taken_or_refused(texts: list[str]) -> None:
    for problem in apply_overrides(WHOLE, texts).problems:
        assert "--set" in str(problem)
    try:
        select(POINTS, parse_filters(texts))
    except UserInputError as error:
        assert "--only" in str(error)  # noqa: PT017


def test_no_grid_is_read_through_a_library_that_runs_code() -> None:
    sources = ROOT.joinpath("search_spaces").glob("*.py")
    assert not [
        path.name for path in sources for call in ("eval(", "exec(", "yaml.load(", "pickle") if call in path.read_text()
    ]
