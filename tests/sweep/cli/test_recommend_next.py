"""`recommend -o`: a grid of what is left to train, ready to launch, and none once nothing is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.planning.opening import open_target
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def launch(grid: str) -> None:
    call("launch", grid, *LAUNCH[2:])


def test_the_next_grid_can_be_launched_and_then_nothing_is_left(here: Path) -> None:
    launch("little.yaml")
    text = call("recommend", "little.yaml", "-o", "next.yaml")
    assert "wrote next.yaml: 2 runs of 1 configuration, the sweep little-next" in text
    assert "recipe-sweep plan next.yaml" in text
    points = open_target("next.yaml").points
    assert sorted(point.seed for point in points) == [2, 3]
    assert "done: 0 of 2" in call("plan", "next.yaml")
    launch("next.yaml")
    text = call("recommend", "little.yaml", "-o", "more.yaml")
    assert (
        "no run is left to train; 2 further runs of these steps are done outside this grid; more.yaml was not written" in text
    )
    assert not (here / "more.yaml").exists()


def test_of_a_next_grid_that_is_half_done_only_the_rest_is_listed_for_a_further_sweep(here: Path) -> None:
    launch("little.yaml")
    call("recommend", "little.yaml", "-o", "next.yaml")
    call("launch", "next.yaml", *LAUNCH[2:], "--only", "seed=2")
    text = call("recommend", "little.yaml", "-o", "more.yaml")
    assert "wrote more.yaml: 1 run of 1 configuration, the sweep little-next-2; 1 further run of these steps is done" in text
    assert [point.seed for point in open_target("more.yaml").points] == [3]


def test_a_file_that_is_there_is_not_replaced(here: Path) -> None:
    launch("little.yaml")
    (here / "next.yaml").write_text("mine")
    text = call("recommend", "little.yaml", "-o", "next.yaml", expect=ExitCode.BAD_INPUT)
    assert "a file that is there already" in text
    assert (here / "next.yaml").read_text() == "mine"


def test_the_grid_can_be_piped_and_json_stays_json(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    launch("little.yaml")
    told = call("recommend", "little.yaml", "--json", "-o", "next.yaml")
    assert json.loads(told[: told.rindex("}") + 1])["recipe"]
    piped = call("recommend", "little.yaml", "-o", "-")
    assert (here / "next.yaml").read_text() in piped


def test_a_grid_that_was_never_launched_gets_the_papers_recipe(here: Path) -> None:
    text = call("recommend", "little.yaml", "--budget", "6", "-o", "next.yaml")
    assert "wrote next.yaml: 4 runs of 1 configuration" in text
    assert {point.decomposition for point in open_target("next.yaml").points} == {"mix"}


def test_a_task_that_the_grid_lacks_has_no_next_grid(here: Path) -> None:
    text = call("recommend", "little.yaml", "--task", "2ant", "-o", "next.yaml", expect=ExitCode.BAD_INPUT)
    assert "a task of the grid" in text
    assert not (here / "next.yaml").exists()
