"""MuJoCo tasks as in the published OMIGA data: who drives what, what is paid at the end, and what is seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.environments.locomotion import Locomotion
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.environments.registry import make_environment, task_spec
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import RecoverableEnvironment

OMIGA = ["2ant", "3hopper", "6halfcheetah"]
WIDTHS = {"2ant": (2, 113, 4, 113), "3hopper": (3, 14, 1, 14), "6halfcheetah": (6, 23, 1, 23)}


def starts(copies: int) -> list[np.random.Generator]:
    return [generator(0, "test", copy) for copy in range(copies)]


def plain(task: str, copies: int) -> Locomotion:
    """The task's robot for one agent, at the same starts."""
    robot = Locomotion(MUJOCO_TASKS[task].robot, copies)
    robot.begin(starts(copies))
    return robot


def drawn_actions(task: str, copies: int, steps: int) -> np.ndarray:
    spec = task_spec(task)
    return generator(1, "actions").uniform(-1.0, 1.0, (steps, copies, spec.n_agents, spec.action_dim))


@pytest.mark.parametrize("task", OMIGA)
def test_shapes_are_those_of_the_published_files(task: str):
    spec = task_spec(task)
    assert (spec.n_agents, spec.obs_dim, spec.action_dim, spec.state_dim) == WIDTHS[task]
    assert spec.horizon == 1000


def test_the_first_agent_of_2ant_drives_the_fourth_and_the_first_leg():
    import mujoco

    from recipe_sweep.trainers.environments.mujoco_physics import load_model

    model = load_model(MUJOCO_TASKS["2ant"].robot)
    joints = [mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_JOINT, joint) for joint in model.actuator_trnid[:, 0]]
    driven = [[joints[actuator] for actuator in own] for own in MUJOCO_TASKS["2ant"].actuators]
    assert driven == [["hip_4", "ankle_4", "hip_1", "ankle_1"], ["hip_2", "ankle_2", "hip_3", "ankle_3"]]


@pytest.mark.parametrize("task", OMIGA)
def test_actions_reach_the_actuators_in_the_order_of_the_agents(task: str):
    environment, robot = make_environment(task, 2), plain(task, 2)
    environment.reset(starts(2))
    for actions in drawn_actions(task, 2, 10):
        seen = environment.step(actions).observations
        robot.step(actions.reshape(2, -1))
        assert_array_equal(seen, MUJOCO_TASKS[task].view.observe(robot.robot, robot.pose))


@pytest.mark.parametrize(("task", "bonus"), [("2ant", 1.0), ("3hopper", 1.0)])
def test_the_step_of_the_fall_is_paid_as_if_the_robot_were_upright(task: str, bonus: float):
    copies = 6
    environment, robot = make_environment(task, copies), plain(task, copies)
    environment.reset(starts(copies))
    fallen = np.zeros(copies, np.bool_)
    for actions in drawn_actions(task, copies, 1000):
        paid, expected = environment.step(actions), robot.step(actions.reshape(copies, -1))
        team = expected.rewards + bonus * expected.fallen
        assert_array_equal(paid.rewards, np.repeat(team[:, None], paid.rewards.shape[1], axis=1))
        assert_array_equal(paid.done, expected.over)
        fallen |= expected.fallen
        if expected.over.all():
            break
    assert fallen.any()


@pytest.mark.parametrize("task", OMIGA)
def test_an_observation_is_the_zscore_of_the_robot_and_who_the_agent_is(task: str):
    environment, robot = make_environment(task, 3), plain(task, 3)
    seen = environment.reset(starts(3))
    agents = task_spec(task).n_agents
    silent = np.zeros(84 if task == "2ant" else 0)
    for copy in range(3):
        for agent in range(agents):
            x = np.concatenate([robot.features[copy], silent, np.eye(agents)[agent]])
            assert_allclose(seen[copy, agent], (x - np.mean(x)) / np.std(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("task", OMIGA)
def test_the_robot_can_be_recovered_from_stored_observations(task: str):
    environment, robot = make_environment(task, 3), plain(task, 3)
    environment.reset(starts(3))
    for actions in drawn_actions(task, 3, 10):
        seen = environment.step(actions).observations
        robot.step(actions.reshape(3, -1))
    view = MUJOCO_TASKS[task].view
    assert_allclose(view.features(seen), robot.features, rtol=0, atol=1e-12)
    assert_allclose(view.features(seen.astype(np.float32)), robot.features, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("task", "reward_error"), [("2ant", 0.1), ("3hopper", 1e-3), ("6halfcheetah", 1e-3)])
def test_stored_transitions_can_be_played_again(task: str, reward_error: float):
    """Ant's speed is that of its torso, which lags behind the positions in a way that no observation tells."""
    environment, again = make_environment(task, 4), make_environment(task, 4)
    assert isinstance(again, RecoverableEnvironment)
    seen = environment.reset(starts(4)).astype(np.float32)
    for actions in drawn_actions(task, 4, 8):
        again.recover(seen)
        replayed, played = again.step(actions), environment.step(actions)
        assert_allclose(replayed.observations, played.observations, rtol=0, atol=1e-4)
        assert_allclose(replayed.rewards, played.rewards, rtol=0, atol=reward_error)
        seen = played.observations.astype(np.float32)


def test_an_unstable_policy_ends_nothing_but_its_own_episode():
    """NaN never reaches an environment (see evaluation), but absurd actions do."""
    environment, calm = make_environment("3hopper", 2), make_environment("3hopper", 1)
    environment.reset(starts(2))
    calm.reset(starts(1))
    actions = np.zeros((2, 3, 1))
    actions[1] = 1e6
    for _ in range(30):
        together, alone = environment.step(actions), calm.step(actions[:1])
        assert_array_equal(together.observations[0], alone.observations[0])
        assert np.isfinite(together.observations).all()
