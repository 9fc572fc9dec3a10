"""A grid that extends another has its keys, and its own where both have them. Mistakes name the file and the line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import grid_from, read_grid, standalone_text
from recipe_sweep.search_spaces.yaml_file import Document

BASE = """
schema_version: 1
name: base
axes:
  source: homegrown
  task: simple_spread
  dataset: [expert]
  decomposition: [vdn]
  value_learning: [iql]
  tau: [0.7]
  extraction: [brac, awr]
  alpha: {brac: [0.1, 1.0], awr: [3.0]}
  seed: [0, 1]
settings: {steps: 40, eval_every: 10, batch: 16}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def written(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def ids_of(path: Path) -> list[str]:
    return [point.run_id for point in expand(read_grid(path)).points]


def test_own_keys_count_and_the_others_are_inherited() -> None:
    path = written("grids/more.yaml", "extends: ../base.yaml\nname: more\naxes: {alpha: {brac: 10.0}}\nsettings: {lr: 0.001}\n")
    grid, base = read_grid(path), read_grid("base.yaml")
    assert grid.name == "more"
    assert {str(key): values for key, values in grid.axes.alpha.items()} == {"brac": (10.0,), "awr": (3.0,)}
    assert (grid.settings.lr, grid.settings.steps) == ((0.001,), base.settings.steps)
    assert grid.axes.seed == base.axes.seed


def test_a_run_has_the_id_that_it_has_without_the_extension() -> None:
    path = written("same.yaml", "extends: base.yaml\nname: same\n")
    ids = [point.run_id for point in expand(read_grid(path)).points]
    assert ids == [point.run_id for point in expand(read_grid("base.yaml")).points]
    stored = json.loads(json.dumps(read_grid(path).document.content))
    assert "extends" not in stored
    assert [point.run_id for point in expand(grid_from(Document(stored))).points] == ids


def test_a_preset_can_be_extended_and_files_extend_each_other_in_a_row() -> None:
    written("small.yaml", "extends: demo\nname: small\naxes: {seed: [0]}\n")
    written("tiny.yaml", "extends: small.yaml\nname: tiny\naxes: {dataset: [expert]}\n")
    tiny, demo = read_grid("tiny.yaml"), read_grid("demo")
    assert len(expand(tiny).points) * 8 == len(expand(demo).points)


def test_null_takes_a_key_away() -> None:
    path = written("td.yaml", "extends: base.yaml\nname: td\naxes: {value_learning: td, tau: null, seed: 3}\n")
    assert {point.tau for point in expand(read_grid(path)).points} == {None}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: a\nextends: nowhere.yaml\n", "a.yaml:2: extends", "no such file: nowhere.yaml"),
        ("name: a\nextends: [base.yaml]\n", "a.yaml:2: extends", "the path of a grid file"),
        ("extends: a.yaml\nname: a\n", "a.yaml:1: extends", "a circle: a.yaml -> a.yaml"),
        ("extends: b.yaml\nname: a\n", "b.yaml:2: extends", "a circle: a.yaml -> b.yaml -> a.yaml"),
        ("extends: base.yaml\n", "a.yaml", "name"),
        ("extends: base.yaml\nname: a\naxes: {seed: two}\n", "a.yaml:3", "seed"),
        ("extends: torn.yaml\nname: a\n", "torn.yaml:2", "did you mean axes?"),
    ],
)
def test_a_mistake_names_its_file_and_line(text: str, line: str, says: str) -> None:
    written("b.yaml", "name: b\nextends: a.yaml\n")
    written("torn.yaml", BASE.strip().replace("name: base", "axess: {seed: 0}"))
    with pytest.raises(GridError) as told:
        read_grid(written("a.yaml", text))
    assert line in str(told.value)
    assert says in str(told.value)


def test_what_is_sent_to_another_machine_needs_no_other_file() -> None:
    path = written("far.yaml", "extends: base.yaml\nname: far\n")
    sent = written("elsewhere/grid.yaml", standalone_text(path))
    assert [point.run_id for point in expand(read_grid(sent)).points] == [
        point.run_id for point in expand(read_grid(path)).points
    ]
    assert standalone_text("base.yaml") == BASE
