"""The table of policies that learn nothing: complete, of today's versions, and measured again to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers import reference_policies, reference_table
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.environments.registry import is_playable
from recipe_sweep.trainers.evaluation import evaluate
from recipe_sweep.trainers.reference_policies import measure, play, uniform, zero
from recipe_sweep.trainers.reference_table import Kind, read_references, write_references
from scripts import reference_policies as script

TABLE = read_references()
KEYS = {(row.task, row.source, row.dataset, row.policy, row.version) for row in TABLE}


def test_every_task_and_every_home_made_dataset_has_a_row_of_each_version() -> None:
    wanted = set()
    for source, task, version in RETURN_SCALES:
        datasets = TASKS[task].datasets[source]
        if not is_playable(task):
            wanted |= {(task, source, dataset, Kind.BEHAVIOUR, version) for dataset in datasets}
            continue
        wanted |= {(task, source, "", kind, version) for kind in (Kind.ZERO, Kind.UNIFORM)}
        if source is Source.HOMEGROWN:
            wanted |= {(task, source, dataset, Kind.BEHAVIOUR, version) for dataset in datasets}
            clones = {(task, source, dataset, Kind.CLONING, version) for dataset in datasets}
            assert not clones & KEYS or clones <= KEYS, "python scripts/reference_policies.py --cloning"
            wanted |= clones & KEYS
    assert wanted == KEYS, "python scripts/reference_policies.py measures what is missing"
    assert len(TABLE) == len(KEYS)


@pytest.mark.parametrize("task", ["two_step", "simple_spread", "smac_2s3z"])
def test_measured_again_a_policy_returns_exactly_what_the_table_says(task: str) -> None:
    assert measure(task) == tuple(row for row in TABLE if row.task == task and row.policy is not Kind.CLONING)


@pytest.mark.parametrize(("task", "episodes"), [("simple_spread", 7), ("3hopper", 3)])
def test_an_episode_returns_the_same_alone_and_beside_others(task: str, episodes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for act in (zero, uniform):
        together = play(task, act, episodes)
        monkeypatch.setattr(reference_policies, "EPISODES_AT_ONCE", 2)
        np.testing.assert_array_equal(play(task, act, episodes), together)
        monkeypatch.undo()


def test_standing_still_returns_what_an_evaluation_of_standing_still_returns() -> None:
    """Another seed has other starts, so the two means agree only within their errors."""
    found = evaluate(lambda seen: seen.new_zeros(*seen.shape[:-1], 2), "simple_spread", [3], step=0, episodes=2_000)
    [row] = [row for row in TABLE if (row.task, row.source, row.policy) == ("simple_spread", Source.HOMEGROWN, Kind.ZERO)]
    assert abs(found.return_mean[0] - row.mean) < 4 * 2 * row.error


def test_the_two_step_game_returns_what_its_rules_say() -> None:
    means = {row.policy: (row.mean, row.error) for row in TABLE if row.task == "two_step"}
    assert means[Kind.ZERO] == (7.0, 0.0), "the first action leads to the safe 7"
    mean, error = means[Kind.UNIFORM]
    assert abs(mean - 4.75) < 4 * error, "half of the games end with 7, half with 2.5 on average"


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_references(TABLE, tmp_path / "table.csv")
    assert read_references(tmp_path / "table.csv") == TABLE
    assert (tmp_path / "table.csv").read_bytes() == reference_table.TABLE.read_bytes()


@pytest.mark.parametrize("task", list(MUJOCO_TASKS))
def test_uniform_actions_score_0_on_a_robots_present_data(task: str) -> None:
    version = TASKS[task].known(Source.HOMEGROWN)[0]
    key = (task, Source.HOMEGROWN, Kind.UNIFORM, version)
    [row] = [row for row in TABLE if (row.task, row.source, row.policy, row.version) == key]
    assert RETURN_SCALES[Source.HOMEGROWN, task, version].score(row.mean) == 0.0


def test_the_page_shows_the_table() -> None:
    text = script.PAGE.read_text(encoding="utf-8")
    assert script.render(text, TABLE) == text, "python scripts/reference_policies.py writes it anew"
