"""Home-made data of the robots: every quality of every task, the same bytes twice, scores between 0 and 1."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import ensure_dataset, open_dataset
from recipe_sweep.trainers.data.stored.card import read_card
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from tests.trainers.data.points import spread_point

QUALITIES = ("expert", "medium", "medium-expert", "medium-replay")


def robot_point(task: str, dataset: str, size: int) -> DesignPoint:
    return dataclasses.replace(spread_point(), task=task, dataset=dataset, dataset_size=size)


@pytest.mark.parametrize("task", list(MUJOCO_TASKS))
def test_every_robot_task_has_home_made_data_and_a_scale(task: str):
    assert TASKS[task].datasets[Source.HOMEGROWN] == QUALITIES
    for version in TASKS[task].known(Source.HOMEGROWN):
        scale = RETURN_SCALES[Source.HOMEGROWN, task, version]
        assert scale.minimum < 0.2 * scale.maximum


@pytest.mark.parametrize("task", list(MUJOCO_TASKS))
def test_the_worst_and_the_best_data_of_a_robot_score_as_the_papers_rule_has_it(task: str, tmp_path: Path):
    """Version 1 spans the returns of the datasets of seed 0, with which these begin; other machines round otherwise."""
    scale = RETURN_SCALES[Source.HOMEGROWN, task, "1"]
    room = 0.05 * (scale.maximum - scale.minimum)
    worst = read_card(ensure_dataset(robot_point(task, "medium-replay", 2000), tmp_path)).returns
    best = read_card(ensure_dataset(robot_point(task, "expert", 2000), tmp_path)).returns
    assert scale.minimum - room <= worst.min
    assert worst.min < scale.minimum + 0.3 * (scale.maximum - scale.minimum)
    assert best.max <= scale.maximum + room
    assert best.max > scale.minimum + 0.6 * (scale.maximum - scale.minimum)


def test_the_same_seed_makes_the_same_bytes_on_the_simulator(tmp_path: Path):
    for dataset in ("expert", "medium-replay"):
        point = robot_point("3hopper", dataset, 1500)
        here, there = (ensure_dataset(point, tmp_path / place) for place in ("here", "there"))
        assert {path.name: path.read_bytes() for path in here.iterdir()} == {
            path.name: path.read_bytes() for path in there.iterdir()
        }
    other = ensure_dataset(dataclasses.replace(point, dataset_seed=1), tmp_path / "here")
    assert read_card(other).content_hash != read_card(here).content_hash


def test_the_partial_view_is_of_the_same_robots_under_the_same_policies(tmp_path: Path):
    whole, part = (open_dataset(each, tmp_path) for each in _both_views("6halfcheetah", tmp_path))
    assert whole.spec.n_agents == part.spec.n_agents
    assert part.spec.obs_dim < whole.spec.obs_dim
    assert part.states is not None
    assert np.isfinite(part.observations.numpy()).all()


def _both_views(task: str, root: Path) -> tuple[DesignPoint, DesignPoint]:
    points = (robot_point(task, "medium", 1000), robot_point(f"{task}_native", "medium", 1000))
    for point in points:
        ensure_dataset(point, root)
    return points
