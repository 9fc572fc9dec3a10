"""A sweep keeps the versions of home-made data with which it began; a new one has the newest."""

from __future__ import annotations

from recipe_sweep.search_spaces.data_versions import DataVersions, first_versions, newest_versions
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from tests.search_spaces.grids import grid_of

ANT = {"task": "2ant", "dataset": "expert", "dataset_seed": 0, "dataset_size": 100}


def versions(given: DataVersions | None = None, **axes: object) -> set[str]:
    grid = grid_of(**ANT | {"source": "homegrown"} | axes)
    points = expand(grid).points if given is None else expand(grid, given).points
    return {point.dataset_version for point in points}


def test_a_grid_without_a_sweep_trains_on_the_newest_data() -> None:
    assert versions() == {"2"}
    assert newest_versions().of_task["2ant"] == "2"


def test_points_of_a_sweep_that_began_on_version_1_stay_on_it() -> None:
    assert versions(DataVersions({"2ant": "1"})) == {"1"}
    assert set(first_versions().of_task.values()) == {"1"}


def test_a_task_that_a_sweep_did_not_name_has_its_newest_data() -> None:
    assert versions(DataVersions({"3hopper": "1"})) == {"2"}


def test_published_data_keep_their_version_whatever_home_made_data_have() -> None:
    found = versions(DataVersions({"2ant": "1"}), source="og_marl", dataset_seed=None, dataset_size=None)
    assert found == {TASKS["2ant"].version(Source.OG_MARL, "expert")}
