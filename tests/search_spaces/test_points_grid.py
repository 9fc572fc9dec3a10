"""Points that are written as a grid are read back as the same points, no more and no fewer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.points_grid import Heading, written_grid
from recipe_sweep.search_spaces.presets import preset_names, preset_path
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.search_spaces.yaml_file import Document, parse_yaml, read_yaml
from tests.search_spaces.grids import grid_mappings, grid_of

HEADING = Heading("next", "What to train next.", ("Because: it is best.",))


def ids(points: Any) -> set[str]:
    return {point.run_id for point in points}


def read(text: str) -> Grid:
    return grid_from(parse_yaml(text, "next.yaml"))


@given(grid_mappings(), st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_runs_of_any_grid_are_read_back_as_they_were(content: dict[str, Any], data: st.DataObject) -> None:
    points = expand(grid_from(Document(content))).points
    chosen = data.draw(st.lists(st.sampled_from(points), min_size=1, max_size=12, unique_by=lambda point: point.run_id))
    heading = replace(HEADING, ablation=bool(content.get("ablation")))
    assert ids(expand(read(written_grid(chosen, heading))).points) == ids(chosen)


@pytest.mark.parametrize("preset", [name for name in preset_names() if not name.startswith("figure")])
def test_every_fifth_run_of_a_preset_is_read_back(preset: str) -> None:
    grid = grid_from(read_yaml(preset_path(preset)))
    chosen = expand(grid).points[::5]
    assert ids(expand(read(written_grid(chosen, replace(HEADING, ablation=grid.ablation)))).points) == ids(chosen)


def seeds_of(*seeds: int) -> tuple[DesignPoint, ...]:
    return expand(grid_of(seed=list(seeds), dataset=["expert", "random"])).points


def test_a_full_product_stands_as_lists_and_not_row_by_row() -> None:
    text = written_grid(seeds_of(2, 3), HEADING)
    assert "seed: [2, 3]" in text
    assert "zip:" not in text


def test_runs_that_are_no_product_advance_together() -> None:
    chosen = [point for point in seeds_of(2, 3) if (point.dataset, point.seed) != ("random", 2)]
    text = written_grid(chosen, HEADING)
    assert "zip:" in text
    assert ids(expand(read(text)).points) == ids(chosen)


def test_a_grid_says_why_and_what_it_keeps() -> None:
    hostile = "first\nname: other\x85name: third\u2028- x"
    text = written_grid(seeds_of(2), Heading("next", 'a "quoted": text', (hostile, "# two"), keep=Keep.ALL))
    grid = read(text)
    assert (grid.name, grid.description, grid.keep) == ("next", 'a "quoted": text', Keep.ALL)
    assert text.startswith("# first name: other name: third - x\n# # two\n")


def test_settings_that_vary_with_the_runs_are_kept() -> None:
    grid = grid_of(seed=0, settings={"lr": [1e-3, 1e-5], "hidden": [[8, 8], [16]], "divergence_bound": ["auto", "none", 1e6]})
    chosen = expand(grid).points[::2]
    assert ids(expand(read(written_grid(chosen, HEADING))).points) == ids(chosen)


def test_no_runs_are_no_grid() -> None:
    with pytest.raises(ValueError, match="at least one"):
        written_grid([], HEADING)
