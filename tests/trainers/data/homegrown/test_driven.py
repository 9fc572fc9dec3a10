"""MuJoCo data made by policies: what is stored is what was played, in equal shares, the same in every batch."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.behaviour.policy import Policy
from recipe_sweep.trainers.behaviour.ppo import Learner
from recipe_sweep.trainers.behaviour.settings import Settings
from recipe_sweep.trainers.data.homegrown import driven
from recipe_sweep.trainers.data.homegrown.driven import Driver, collect_driven
from recipe_sweep.trainers.data.stored.columns import Columns, column_layout, state_is_observed
from recipe_sweep.trainers.environments.ma_mujoco import make_mujoco
from recipe_sweep.trainers.environments.mujoco_robots import ANT, HALF_CHEETAH, HOPPER
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.randomness import generator

SEEN = {ANT: 27, HOPPER: 11, HALF_CHEETAH: 17}
"""Features that policies see: contact forces are left out."""
SHORT = ["2ant", "2ant_native", "3hopper", "3hopper_native"]
"""Tasks in which untrained policies fall soon."""


def untrained(task: str, seed: int) -> Policy:
    robot = MUJOCO_TASKS[task].robot
    policy = Learner(SEEN[robot], robot.actuators, seed, Settings(hidden=8)).policy()
    return policy._replace(w3=policy.w3 * 50.0)


def drivers(task: str) -> list[Driver]:
    return [Driver("wild", untrained(task, 0), 1.0), Driver("calm", untrained(task, 1), 0.1)]


def made(task: str, transitions: int, seed: int = 0) -> Columns:
    return collect_driven(MUJOCO_TASKS[task], drivers(task), ("data", task), seed, transitions)


@pytest.mark.parametrize("task", SHORT)
def test_columns_have_the_layout_of_their_task(task: str):
    spec = MUJOCO_TASKS[task].spec
    columns = made(task, 300)._asdict()
    layout = column_layout(spec, len(columns["terminals"]), with_states=not state_is_observed(spec))
    found = {name: (values.dtype.str, values.shape) for name, values in columns.items() if values is not None}
    assert found == layout
    assert columns["terminals"][-1]
    assert len(columns["terminals"]) >= 300
    assert (columns["states"] is None) == (not task.endswith("native"))


@pytest.mark.parametrize("task", SHORT)
def test_a_stored_episode_can_be_replayed_exactly(task: str):
    columns = collect_driven(MUJOCO_TASKS[task], drivers(task)[:1], ("data", task), 3, 1)
    environment = make_mujoco(MUJOCO_TASKS[task], 1)
    seen = environment.reset([generator(3, "data", task, "wild", 0)])
    for row in range(len(columns.terminals)):
        assert_array_equal(columns.observations[row], seen[0].astype(np.float32))
        if columns.states is not None:
            assert_array_equal(columns.states[row], environment.state()[0].astype(np.float32))
        seen, rewards, done = environment.step(columns.actions[row : row + 1])
        assert_array_equal(columns.rewards[row], rewards[0].astype(np.float32))
        assert columns.terminals[row] == done[0]
    assert np.abs(columns.actions).max() <= 1.0


def test_a_longer_collection_begins_with_the_shorter_one_whatever_the_batches(monkeypatch: pytest.MonkeyPatch):
    shorter = made("3hopper", 200)
    monkeypatch.setattr(driven, "EPISODES_AT_ONCE", 3)
    longer = made("3hopper", 500)
    for column, extended in zip(shorter, longer, strict=True):
        if column is not None:
            assert column.tobytes() == extended[: len(column)].tobytes()
    assert len(longer.terminals) >= 500
    other = made("3hopper", 200, seed=1)
    assert not np.array_equal(other.observations[0], shorter.observations[0])


def test_drivers_share_the_transitions_and_not_the_episodes():
    task, silent = MUJOCO_TASKS["3hopper"], untrained("3hopper", 0)
    silent = silent._replace(w3=silent.w3 * 0.0)
    limp = Driver("limp", silent, 0.01)
    stiff = Driver("stiff", silent._replace(b3=np.float32([1.0, 1.0, 1.0])), 0.01)
    columns = collect_driven(task, [limp, stiff], ("data",), 0, 400)
    ends = np.flatnonzero(columns.terminals)
    lengths = np.diff(ends, prepend=-1)
    is_stiff = columns.actions[ends, 0, 0] > 0.5
    rows = {kind: int(lengths[is_stiff == kind].sum()) for kind in (False, True)}
    assert abs(rows[False] - rows[True]) <= lengths.max()
    assert lengths[~is_stiff].mean() > 2.0 * lengths[is_stiff].mean()
    assert is_stiff.sum() > 1.5 * (~is_stiff).sum()


def test_two_drivers_play_the_episodes_that_each_plays_alone():
    """So medium-expert is made of the episodes of medium and expert."""
    task = MUJOCO_TASKS["3hopper"]
    both = drivers("3hopper")
    together = collect_driven(task, both, ("data",), 0, 400)
    rows = {row.tobytes() for row in together.observations}
    for driver in both:
        alone = collect_driven(task, [driver], ("data",), 0, 150)
        assert all(row.tobytes() in rows for row in alone.observations[:150])


def test_progress_ends_with_all_of_it():
    told: list[tuple[int, int]] = []
    task = "3hopper"
    collect_driven(MUJOCO_TASKS[task], drivers(task), ("data",), 0, 300, lambda done, total: told.append((done, total)))
    done = [part for part, _ in told]
    assert done == sorted(done)
    assert told[-1] == (300, 300)
