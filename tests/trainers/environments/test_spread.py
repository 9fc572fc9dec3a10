"""simple_spread against hand-computed states, against its reference returns and against package mpe2."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.environments.spread import Spread, Variant
from recipe_sweep.trainers.randomness import generator

FAR_APART = [[-0.9, -0.9], [0.0, 0.9], [0.9, -0.9]]


def placed(agents: list[list[float]], landmarks: list[list[float]], variant: Variant = Variant.OMAR) -> Spread:
    environment = Spread(1, variant)
    environment.place(np.array([agents + landmarks]))
    return environment


def still() -> np.ndarray:
    return np.zeros((1, 3, 2))


def play(environment: Spread, episodes: int, act) -> np.ndarray:
    """Returns of one episode per copy: the sum over time of the mean over agents."""
    environment.reset([generator(0, "test", episode) for episode in range(episodes)])
    returns, done = np.zeros(episodes), False
    while not done:
        transition = environment.step(act())
        returns += transition.rewards.mean(axis=1)
        done = bool(transition.done.all())
    return returns


def test_an_agent_on_its_landmark_pays_exactly_ten():
    assert_array_equal(placed(FAR_APART, FAR_APART).step(still()).rewards, [[30.0, 30.0, 30.0]])


def test_a_landmark_is_paid_for_its_nearest_agent_alone():
    # Distances from the landmarks to their nearest agents: 0.5, 0.25 and 0.05 (which pays no more than 0.1 does).
    landmarks = [[-0.9, -0.4], [0.25, 0.9], [0.9, -0.85]]
    assert_allclose(placed(FAR_APART, landmarks).step(still()).rewards, [[2.0 + 4.0 + 10.0] * 3], rtol=1e-12)


def test_touching_agents_are_pushed_apart_and_only_those_still_touching_are_punished():
    # 0.2 apart: the push is 100 x (0.3 - 0.2) = 10, so speeds change by 1.0, positions by 0.1: 0.4 apart, unpunished.
    parted = placed([[0.0, 0.0], [0.2, 0.0], [0.9, 0.9]], FAR_APART).step(still())
    assert_allclose(parted.observations[0, :, 0:2], [[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]], atol=1e-12)
    assert_allclose(parted.observations[0, :, 2:4], [[-0.1, 0.0], [0.3, 0.0], [0.9, 0.9]], atol=1e-12)
    assert_array_equal(parted.rewards[0], parted.rewards[0, 2])
    # 0.25 apart: the push of 5 is as strong as a full action against it: both stay, and are punished for each other.
    inward = np.array([[[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]])
    held = placed([[0.0, 0.0], [0.25, 0.0], [0.9, 0.9]], FAR_APART).step(inward)
    assert_allclose(held.observations[0, :2, 2:4], [[0.0, 0.0], [0.25, 0.0]], atol=1e-12)
    assert_allclose(held.rewards[0] - held.rewards[0, 2], [-5.0, -5.0, 0.0], atol=1e-12)


def test_an_agent_between_two_is_punished_for_both():
    # Agent 1 touches both others; agents 0 and 2 are 0.5 apart. Actions hold the outer two against the push of 5.
    inward = np.array([[[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]])
    rewards = placed([[-0.25, 0.0], [0.0, 0.0], [0.25, 0.0]], FAR_APART).step(inward).rewards[0]
    assert_allclose(rewards - rewards[0], [0.0, -5.0, 0.0], atol=1e-9)


def test_positions_move_with_the_new_velocity():
    push = np.array([[[1.0, 0.0], [0.0, -0.5], [0.0, 0.0]]])
    environment = placed(FAR_APART, FAR_APART)
    first = environment.step(push).observations[0]
    assert_allclose(first[:2, 0:2], [[0.5, 0.0], [0.0, -0.25]])
    assert_allclose(first[:2, 2:4], [[-0.85, -0.9], [0.0, 0.875]])
    second = environment.step(still()).observations[0]
    assert_allclose(second[:2, 0:2], [[0.375, 0.0], [0.0, -0.1875]])
    assert_allclose(second[:2, 2:4], [[-0.8125, -0.9], [0.0, 0.85625]])


def test_an_observation_is_laid_out_as_in_the_published_data():
    landmarks = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    environment = Spread(1)
    seen = environment.place(np.array([FAR_APART + landmarks]))[0]
    own = np.array(FAR_APART)
    for agent, others in enumerate([(1, 2), (0, 2), (0, 1)]):
        offsets = [np.array(landmark) - own[agent] for landmark in landmarks]
        to_others = [own[other] - own[agent] for other in others]
        expected = np.concatenate([[0.0, 0.0], own[agent], *offsets, *to_others, np.zeros(4)])
        assert_array_equal(seen[agent], expected)


def test_agents_at_one_point_do_not_poison_the_episode():
    moved = placed([[0.0, 0.0], [0.0, 0.0], [0.9, 0.9]], FAR_APART).step(still())
    assert np.isfinite(moved.observations).all()


def test_an_episode_lasts_25_steps_and_not_26():
    environment = make_environment("simple_spread", 2)
    environment.reset([generator(0, "test", episode) for episode in range(2)])
    ends = [environment.step(np.zeros((2, 3, 2))).done.tolist() for _ in range(25)]
    assert ends == [[False, False]] * 24 + [[True, True]]


@pytest.mark.parametrize(("actions", "mean", "std"), [("uniform", 161.9, 62.3), ("zero", 179.5, 84.0)])
def test_returns_are_those_of_the_reference_environment(actions: str, mean: float, std: float):
    episodes, reference_episodes = 3000, 300
    drawn = generator(1, "test actions")
    act = {
        "uniform": lambda: drawn.uniform(-1.0, 1.0, (episodes, 3, 2)),
        "zero": lambda: np.zeros((episodes, 3, 2)),
    }[actions]
    returns = play(Spread(episodes), episodes, act)
    standard_error = std * np.sqrt(1 / reference_episodes + 1 / episodes)
    assert abs(returns.mean() - mean) < 3.0 * standard_error
    # The deviation of a sample's own deviation, as if normal; these returns have about normal tails.
    assert abs(returns.std() - std) < 3.0 * standard_error / np.sqrt(2.0)


def test_an_episode_does_not_depend_on_what_stands_beside_it():
    actions = generator(2, "test actions").uniform(-1.0, 1.0, (25, 40, 3, 2))
    together, alone = Spread(40), Spread(1)
    together.reset([generator(0, "test", episode) for episode in range(40)])
    for episode in (0, 17, 39):
        together.reset([generator(0, "test", other) for other in range(40)])
        alone.reset([generator(0, "test", episode)])
        for time in range(25):
            beside, by_itself = together.step(actions[time]), alone.step(actions[time, episode : episode + 1])
            assert_array_equal(beside.observations[episode], by_itself.observations[0])
            assert_array_equal(beside.rewards[episode], by_itself.rewards[0])


def test_the_mpe2_variant_is_that_of_package_mpe2():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its imports
        from mpe2 import simple_spread_v3
    oracle = simple_spread_v3.raw_env(N=3, local_ratio=0.5, max_cycles=25, continuous_actions=True)
    episodes = 20
    ours = Spread(episodes, Variant.MPE2)
    seen = ours.reset([np.random.Generator(np.random.PCG64(episode)) for episode in range(episodes)])
    actions = generator(3, "test actions").uniform(-1.0, 1.0, (25, episodes, 3, 2))
    actions[:, : episodes // 2] *= 0.2  # slow agents stay in touch for longer
    steps = [ours.step(actions[time]) for time in range(25)]
    touched = 0
    for episode in range(episodes):
        oracle.reset(seed=episode)
        assert_allclose(observed(oracle), seen[episode], rtol=0.0, atol=2.4e-7)
        for time, step in enumerate(steps):
            for agent in range(3):
                x, y = actions[time, episode, agent]
                oracle.step(np.array([0.0, max(-x, 0.0), max(x, 0.0), max(-y, 0.0), max(y, 0.0)]))
            # mpe2 observes in float32, so this is its rounding alone.
            assert_allclose(observed(oracle), step.observations[episode], rtol=0.0, atol=2.4e-7)
            assert_array_equal([oracle.rewards[f"agent_{agent}"] for agent in range(3)], step.rewards[episode])
            touched += len(set(step.rewards[episode])) > 1
        assert all(oracle.truncations.values())
    assert touched > 0, "no contact was compared"


def observed(oracle) -> np.ndarray:
    return np.stack([oracle.observe(f"agent_{agent}") for agent in range(3)])
