"""From a command's first argument to its sweep: each step alone, and the step that takes long once per command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from recipe_sweep.search_spaces import expansion, extending
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.planning.opening import Reference, expanded, locate, open_target, opened, read_located_grid
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SEARCH = "search.yaml"
RUN = "{run}"
"""Stands for the id of a run of the grid."""


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a sweep of the little grid and one of a search, both done."""
    with pytest.MonkeyPatch.context() as patch:
        project = stand_in_sweep(tmp_path_factory.mktemp("project"), patch)
        content = read_grid("search_spread").document.content
        little = {"name": "search", "axes": content["axes"] | {"seed": [0]}}
        little["search"] = content["search"] | {"trials": 2, "batch": 1}
        (project / SEARCH).write_text(yaml.safe_dump(content | little))
        for grid in ("little.yaml", SEARCH):
            call("launch", grid, *LAUNCH[2:])
        yield project


class Counts:
    """How often grids were expanded and read from files, whoever asked for it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.expanded = self.read = 0
        check, read_yaml = expansion.check, extending.read_yaml

        def counting_check(*arguments: object) -> None:
            self.expanded += 1
            check(*arguments)  # type: ignore[arg-type]

        def counting_read(*arguments: object) -> object:
            self.read += 1
            return read_yaml(*arguments)  # type: ignore[arg-type]

        patch.setattr(expansion, "check", counting_check)
        patch.setattr(extending, "read_yaml", counting_read)


COMMANDS = (
    ("plan", "--cluster", "inline.yaml"),
    ("launch", "--cluster", "inline.yaml", "--no-mlflow"),
    ("rehearse", "--cluster", "inline.yaml", "--no-mlflow"),
    ("retry", "--cluster", "inline.yaml", "--no-mlflow"),
    ("status",),
    ("explain", RUN),
    ("report",),
    ("recommend",),
    ("export", "-o", "runs.csv"),
    ("logs",),
    ("cancel",),
    ("doctor",),
)


@pytest.mark.parametrize("grid", ["little.yaml", SEARCH])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_on_a_large_grid_takes_twice_as_long_as_it_must(
    launched: Path, monkeypatch: pytest.MonkeyPatch, grid: str, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(launched)
    options = [open_target(grid).points[0].run_id if option == RUN else option for option in command[1:]]
    counts = Counts(monkeypatch)
    call(command[0], grid, *options)
    assert (counts.expanded, counts.read) == (1, 1)


def test_a_search_expands_its_grid_again_in_every_round(launched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(launched)
    counts = Counts(monkeypatch)
    assert "in 2 rounds" in call("launch", SEARCH, *LAUNCH[2:], "--dir", "anew")
    call("best", SEARCH, "--dir", "anew")
    assert (counts.expanded, counts.read) == (2, 2), "once in each of two commands"


def test_a_sweep_is_located_without_its_points(launched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(launched)
    counts = Counts(monkeypatch)
    located = locate(Reference("little.yaml"))
    assert (located.paths.root, counts.expanded) == (Path("sweeps/little"), 0)
    assert locate(Reference("little.yaml"), rehearsal=True).paths.root == Path("sweeps/little-rehearsal")
    assert locate(Reference("little.yaml", Path("mine")), rehearsal=True).paths.root == Path("mine")


def test_a_directory_stands_for_the_grid_that_was_launched_in_it(launched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(launched)
    located = locate(Reference("sweeps/little"))
    assert located.grid is None
    grid = read_located_grid(located)
    assert expanded(grid, located.paths) == opened(located)
    assert expanded(grid, located.paths).points == open_target("little.yaml").points


@pytest.mark.parametrize(
    "reference", [Reference("sweeps/little", Path("mine")), Reference("sweeps/little", None, ["seed=[0]"])]
)
def test_options_that_contradict_a_sweeps_own_grid_are_passed_over(
    launched: Path, monkeypatch: pytest.MonkeyPatch, reference: Reference
) -> None:
    monkeypatch.chdir(launched)
    with pytest.raises(SweepDirectoryError, match="beside the sweep directory"):
        opened(locate(reference))


def test_a_search_that_goes_on_does_not_see_its_own_rounds(launched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(launched)
    target = open_target(SEARCH)
    target.paths.search_round(2).rename("round")
    try:
        fewer = target.with_new_rounds()
    finally:
        Path("round").rename(target.paths.search_round(2))
    assert 0 < len(fewer.points) < len(target.points)
    assert fewer.with_new_rounds().points == target.points
    assert open_target("little.yaml").with_new_rounds() == open_target("little.yaml")
