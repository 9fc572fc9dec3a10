"""A sweep keeps its versions of home-made data: no launch of a later release trains its runs again on another scale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.data_versions import newest_versions
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results.read import result_files
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SWEEP = SweepPaths(Path("sweeps/little"))


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepPaths:
    """A grid on a robot, whose home-made data have two versions; in its directory the file of a sweep from before."""
    stand_in_sweep(tmp_path, monkeypatch)
    grid = Path("little.yaml")
    grid.write_text(grid.read_text().replace("simple_spread", "3hopper"))
    return SWEEP


def began_before(sweep: SweepPaths) -> None:
    """Begin a sweep, and take out of its file what files of before lack."""
    call(*LAUNCH, "--only", "seed=0")
    content = json.loads(sweep.lock_file.read_text())
    del content["dataset_versions"]
    sweep.lock_file.write_text(json.dumps(content | {"schema_version": 2}))
    for path in result_files(sweep.results):
        path.unlink()


def versions() -> set[str]:
    return {point.dataset_version for point in open_target("little.yaml").points}


def kept(sweep: SweepPaths) -> dict[str, str]:
    content: dict[str, str] = json.loads(sweep.lock_file.read_text())["dataset_versions"]
    return content


def test_a_new_sweep_has_the_newest_data_and_says_so_in_its_file(sweep: SweepPaths) -> None:
    assert versions() == {"2"}
    call(*LAUNCH)
    assert kept(sweep) == newest_versions().of_task
    assert versions() == {"2"}


def test_a_sweep_from_before_versions_were_kept_goes_on_with_version_1(sweep: SweepPaths) -> None:
    began_before(sweep)
    assert versions() == {"1"}
    call(*LAUNCH, "--only", "seed=0")
    assert kept(sweep)["3hopper"] == "1"
    assert versions() == {"1"}
    call(*LAUNCH)
    assert "nothing to do" in call(*LAUNCH)


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_without_its_file_a_sweep_has_the_versions_of_its_results(sweep: SweepPaths, damage: str) -> None:
    began_before(sweep)
    call(*LAUNCH)
    sweep.lock_file.unlink()
    if damage == "damaged":
        sweep.lock_file.write_text("{")
    assert versions() == {"1"}


def test_a_sweep_whose_file_is_lost_is_launched_on_its_own_versions(sweep: SweepPaths) -> None:
    began_before(sweep)
    call(*LAUNCH, "--only", "seed=0")
    sweep.lock_file.unlink()
    call(*LAUNCH)
    assert kept(sweep)["3hopper"] == "1"


def test_what_to_train_next_cannot_be_written_of_a_sweep_on_older_data(sweep: SweepPaths) -> None:
    began_before(sweep)
    call(*LAUNCH)
    told = call("recommend", "little.yaml", "-o", "next.yaml")
    assert "wrote next.yaml" in told or "next.yaml was not written" in told
    assert versions() == {"1"}
