"""The `_native` tasks against gymnasium-robotics itself."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.environments.ma_mujoco import make_mujoco
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import RecoverableEnvironment

TEAMS = {
    "2ant_native": ("Ant", "2x4", (63, 63)),
    "3hopper_native": ("Hopper", "3x1", (8, 9, 8)),
    "6halfcheetah_native": ("HalfCheetah", "6x1", (9, 9, 8, 9, 9, 8)),
}


def start(episode: int) -> np.random.Generator:
    return generator(0, "test", episode)


@pytest.mark.parametrize("task", TEAMS)
def test_a_native_task_is_that_of_gymnasium_robotics(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # where MuJoCo writes its MUJOCO_LOG.TXT
    scenario, division, widths = TEAMS[task]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gymnasium_robotics import mamujoco_v1

        oracle = mamujoco_v1.parallel_env(scenario, division, agent_obsk=1)
    environment, spec = make_mujoco(MUJOCO_TASKS[task], 1), MUJOCO_TASKS[task].spec
    agents = oracle.possible_agents
    assert (len(agents), spec.obs_dim, spec.state_dim) == (spec.n_agents, max(widths), len(oracle.state()))
    drawn = generator(1, "actions")
    episode, over = -1, True
    for _ in range(300):
        if over:
            episode += 1
            oracle.single_agent_env.unwrapped.np_random = start(episode)
            expected, _ = oracle.reset()
            seen = environment.reset([start(episode)])
        for agent, width, observation in zip(agents, widths, seen[0], strict=True):
            assert_array_equal(observation[:width], expected[agent])
            assert_array_equal(observation[width:], 0.0)
        assert_array_equal(environment.state()[0], oracle.state())
        actions = drawn.uniform(-1.0, 1.0, (1, spec.n_agents, spec.action_dim))
        expected, rewards, fallen, late, _ = oracle.step(dict(zip(agents, actions[0], strict=True)))
        seen, paid, done = environment.step(actions)
        assert np.abs(paid[0] - [rewards[agent] for agent in agents]).max() <= 1e-6
        over = bool(done[0])
        assert over == (fallen[agents[0]] or late[agents[0]])
    assert episode > 0 or scenario == "HalfCheetah"


@pytest.mark.parametrize("task", TEAMS)
def test_actions_and_controls_are_each_others_inverse(task: str):
    drawn = generator(2, "controls").uniform(-1.0, 1.0, (5, MUJOCO_TASKS[task].robot.actuators))
    assert_array_equal(MUJOCO_TASKS[task].controls(MUJOCO_TASKS[task].actions(drawn)), drawn)


def test_partial_observations_do_not_claim_to_tell_the_state():
    for task in TEAMS:
        assert not isinstance(make_mujoco(MUJOCO_TASKS[task], 1), RecoverableEnvironment)
