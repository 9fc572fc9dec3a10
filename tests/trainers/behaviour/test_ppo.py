"""PPO against sums by hand, and on a problem whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.behaviour.policy import Policy
from recipe_sweep.trainers.behaviour.ppo import Learner
from recipe_sweep.trainers.behaviour.rollout import Player, Rollout
from recipe_sweep.trainers.behaviour.running import RunningMoments
from recipe_sweep.trainers.behaviour.settings import Settings
from recipe_sweep.trainers.environments.mujoco_robots import HOPPER
from recipe_sweep.trainers.randomness import generator

SETTINGS = Settings(copies=4, horizon=8, epochs=4, minibatch=16, hidden=8, learning_rate=1e-2)


def rollout(rewards: list[float], fallen: list[int] = [], over: list[int] = []) -> Rollout:  # noqa: B006
    """One robot with one feature and one actuator, none of which matter."""
    steps = len(rewards)
    nothing = np.zeros((steps, 1, 1))
    ends = [np.isin(np.arange(steps), which)[:, None] for which in (fallen, over)]
    return Rollout(nothing, nothing, np.array(rewards)[:, None], *ends, nothing)


def advantages(played: Rollout, values: list[float], following: list[float]) -> list[float]:
    learner = Learner(1, 1, 0, Settings(gamma=0.5, gae=0.5))
    return learner._advantages(played, np.array(values)[:, None], np.array(following)[:, None])[:, 0].tolist()


def test_advantages_look_ahead_as_far_as_lambda_says():
    # Surprises: 1 + 0.5*2 - 4 = -2, then 3 + 0.5*6 - 2 = 4; the first also sees a quarter of the second.
    assert advantages(rollout([1.0, 3.0]), [4.0, 2.0], [2.0, 6.0]) == [-2.0 + 0.25 * 4.0, 4.0]


def test_nothing_follows_a_fall():
    assert advantages(rollout([1.0, 3.0], fallen=[0], over=[0]), [4.0, 2.0], [2.0, 6.0]) == [1.0 - 4.0, 4.0]


def test_an_episode_that_ran_out_of_time_is_worth_what_would_have_followed():
    assert advantages(rollout([1.0, 3.0], over=[0]), [4.0, 2.0], [2.0, 6.0]) == [1.0 + 0.5 * 2.0 - 4.0, 4.0]


def test_running_moments_are_those_of_all_rows_at_once():
    rows = generator(0, "rows").normal(3.0, 2.0, (1000, 2))
    moments = RunningMoments(2)
    assert_array_equal(moments.std, [1.0, 1.0])
    for chunk in np.split(rows, [10, 11, 500]):
        moments.update(chunk)
    assert_allclose(moments.mean, rows.mean(axis=0))
    assert_allclose(moments.std, rows.std(axis=0) + 1e-4)


def test_the_policy_that_pays_is_learned():
    """Reward is minus the squared distance of the action from half the feature."""
    settings = Settings(copies=64, horizon=4, epochs=5, minibatch=64, hidden=16, learning_rate=3e-3)
    learner = Learner(1, 1, 0, settings)
    for iteration in range(60):
        policy = learner.policy()
        drawn = generator(1, "bandit", iteration)
        features = drawn.uniform(-1.0, 1.0, (4, 64, 1))
        actions = policy.mu(features.reshape(-1, 1)).reshape(4, 64, 1) + policy.std * drawn.standard_normal((4, 64, 1))
        ends = np.ones((4, 64), np.bool_)
        rewards = -np.square(actions - 0.5 * features)[..., 0]
        learner.learn(Rollout(features, actions, rewards, ends, ends, features), remaining=1.0)
    tried = np.linspace(-1.0, 1.0, 21)[:, None]
    assert np.abs(learner.policy().mu(tried) - 0.5 * tried).max() < 0.15
    assert learner.policy().std[0] < 0.5 * np.exp(settings.log_std)


def test_the_first_weights_are_orthogonal_and_the_last_layer_is_small():
    policy = Learner(11, 3, 0, Settings()).policy()
    assert_allclose(policy.w1 @ policy.w1.T, 2.0 * np.eye(11), atol=1e-5)
    assert_allclose(policy.w3.T @ policy.w3, 1e-4 * np.eye(3), atol=1e-8)


def test_an_episode_goes_on_in_the_next_rollout_and_its_return_is_counted_once():
    player = Player(HOPPER, "3hopper", 0, SETTINGS)
    policy = Learner(11, 3, 0, SETTINGS).policy()
    played = [player.play(policy) for _ in range(30)]
    features, following, over = (
        np.concatenate([getattr(part, name) for part in played]) for name in ("features", "following", "over")
    )
    for copy in range(SETTINGS.copies):
        continues = ~over[:-1, copy]
        assert_array_equal(features[1:, copy][continues], following[:-1, copy][continues])
        assert over[:, copy].any()
    assert len(player.finished) == over.sum()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_learns_the_same_policy_and_another_seed_another(seed: int):
    def learned(seed: int) -> Policy:
        player, learner = Player(HOPPER, "3hopper", seed, SETTINGS), Learner(11, 3, seed, SETTINGS)
        for _ in range(3):
            learner.learn(player.play(learner.policy()), remaining=1.0)
        return learner.policy()

    for one, other in zip(learned(0), learned(seed), strict=True):
        assert np.array_equal(one, other) == (seed == 0)
