"""The batched robots against gymnasium's own environments, bit for bit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.environments.locomotion import Locomotion
from recipe_sweep.trainers.environments.mujoco_robots import ANT, HALF_CHEETAH, HOPPER, HORIZON, Robot
from recipe_sweep.trainers.randomness import generator

WITHOUT_CONTACTS = {"contact_cost_weight": 0, "include_cfrc_ext_in_observation": False}
CASES = [
    pytest.param("Ant-v5", ANT, False, WITHOUT_CONTACTS, id="ant"),
    pytest.param("Ant-v5", ANT, True, {}, id="ant with contact forces"),
    pytest.param("Hopper-v5", HOPPER, False, {}, id="hopper"),
    pytest.param("HalfCheetah-v5", HALF_CHEETAH, False, {}, id="halfcheetah"),
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MuJoCo writes MUJOCO_LOG.TXT where it is used."""
    monkeypatch.chdir(tmp_path)


def start(episode: int) -> np.random.Generator:
    return generator(0, "test", episode)


def playing(robot: Robot, contacts: bool = False, threads: int = 1, copies: int = 3) -> Locomotion:
    batch = Locomotion(robot, copies, contacts, threads)
    batch.begin([start(copy) for copy in range(copies)])
    return batch


def controls(robot: Robot, copies: int, seed: int = 1) -> Iterator[np.ndarray]:
    """Random controls, gentler as time goes on, so that falls are early in some episodes and late in others."""
    drawn = generator(seed, "controls")
    for step in range(10 * HORIZON):
        yield drawn.uniform(-1.0, 1.0, (copies, robot.actuators)) * (1.0 if step < 300 else 0.3)


@pytest.mark.parametrize(("name", "robot", "contacts", "arguments"), CASES)
def test_a_thousand_random_steps_are_those_of_gymnasium(name: str, robot: Robot, contacts: bool, arguments: dict):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import gymnasium

        oracle = gymnasium.make(name, **arguments)
    episode = 0
    oracle.unwrapped.np_random = start(episode)
    expected, _ = oracle.reset()
    batch = playing(robot, contacts, copies=2)
    for acted, _ in zip(controls(robot, 2), range(1000), strict=False):
        assert_array_equal(batch.features[0], expected)
        expected, reward, terminated, truncated, _ = oracle.step(acted[0])
        motion = batch.step(acted)
        assert abs(motion.rewards[0] - reward) <= 1e-6
        assert (motion.fallen[0], motion.over[0]) == (terminated, terminated or truncated)
        if terminated or truncated:
            assert_array_equal(batch.features[0], expected)
            episode += 1
            oracle.unwrapped.np_random = start(episode)
            expected, _ = oracle.reset()
            batch.begin([start(episode)], np.array([0]))
        if motion.over[1]:
            batch.begin([start(100 + episode)], np.array([1]))
    assert episode > 0
    assert_array_equal(batch.features[0], expected)


@pytest.mark.parametrize("robot", [ANT, HOPPER, HALF_CHEETAH], ids=["ant", "hopper", "halfcheetah"])
def test_an_episode_depends_neither_on_its_neighbours_nor_on_the_threads(robot: Robot):
    together, threaded = playing(robot, copies=5), playing(robot, copies=5, threads=2)
    alone = Locomotion(robot, 1)
    alone.begin([start(3)])
    for acted, _ in zip(controls(robot, 5), range(150), strict=False):
        motions = together.step(acted), threaded.step(acted)
        by_itself = alone.step(acted[3:4])
        for one, other in zip(*motions, strict=True):
            assert_array_equal(one, other)
        assert_array_equal(together.features, threaded.features)
        assert_array_equal(together.features[3], alone.features[0])
        assert motions[0].rewards[3] == by_itself.rewards[0]


def test_what_has_fallen_lies_still_and_earns_nothing():
    batch = playing(HOPPER, copies=8)
    lying: dict[int, np.ndarray] = {}
    for acted in controls(HOPPER, 8):
        motion = batch.step(acted)
        for copy, place in lying.items():
            assert_array_equal(batch.features[copy], place)
            assert (motion.rewards[copy], motion.fallen[copy], motion.over[copy]) == (0.0, False, True)
        lying |= {int(copy): batch.features[copy].copy() for copy in np.flatnonzero(motion.over) if int(copy) not in lying}
        if motion.over.all():
            break
    assert len(lying) == 8
    batch.step(acted)  # of no robot at all


def test_an_episode_ends_after_a_thousand_steps_and_not_before():
    batch = playing(HALF_CHEETAH, copies=1)
    still = np.zeros((1, HALF_CHEETAH.actuators))
    ends = [bool(batch.step(still).over[0]) for _ in range(HORIZON)]
    assert ends == [False] * (HORIZON - 1) + [True]


def test_controls_beyond_the_bounds_cost_more_and_push_no_more():
    bounded, beyond = playing(HALF_CHEETAH), playing(HALF_CHEETAH)
    full = np.ones((3, HALF_CHEETAH.actuators))
    for _ in range(5):
        paid, paid_more = bounded.step(full).rewards, beyond.step(2.0 * full).rewards
        assert_array_equal(bounded.features, beyond.features)
        np.testing.assert_allclose(paid - paid_more, 0.1 * 6 * (4.0 - 1.0))
