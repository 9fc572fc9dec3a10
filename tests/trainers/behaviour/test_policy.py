"""Policies in numpy: one row at a time or many, in memory or on disk, the same controls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.behaviour.policy import Policy, load_policy, save_policy
from recipe_sweep.trainers.behaviour.ppo import Learner
from recipe_sweep.trainers.behaviour.settings import Settings
from recipe_sweep.trainers.randomness import generator


def some_policy() -> Policy:
    drawn = generator(0, "policy")
    policy = Learner(5, 2, 0, Settings(hidden=16)).policy()
    return Policy(*(layer + drawn.uniform(0.0, 0.5, layer.shape).astype(np.float32) for layer in policy))


def test_controls_do_not_depend_on_the_batch():
    policy, features = some_policy(), generator(1, "features").standard_normal((50, 5))
    together = policy.mu(features)
    for rows in (slice(0, 1), slice(7, 10), slice(13, 50)):
        assert_array_equal(policy.mu(features[rows]), together[rows])


def test_the_policy_is_the_network_that_was_trained():
    learner = Learner(5, 2, 0, Settings(hidden=16))
    features = generator(1, "features").standard_normal((50, 5))
    with torch.no_grad():
        expected = learner._actor(torch.from_numpy(features).float()).numpy()
    assert_allclose(learner.policy().mu(features), expected, rtol=1e-4, atol=1e-6)


def test_noise_is_scaled_and_controls_stay_within_bounds():
    policy, features = some_policy(), np.zeros((3, 5))
    noise = generator(2, "noise").standard_normal((3, 2))
    assert_array_equal(policy.controls(features, noise, 0.0), np.clip(policy.mu(features), -1.0, 1.0))
    halved = np.clip(policy.mu(features) + 0.5 * np.exp(policy.log_std.astype(np.float64)) * noise, -1.0, 1.0)
    assert_array_equal(policy.controls(features, noise, 0.5), halved)
    assert np.abs(policy.controls(features, 100.0 * noise)).max() == 1.0


def test_absurd_features_are_bounded():
    policy = some_policy()
    assert_array_equal(policy.mu(np.full((1, 5), 1e9)), policy.mu(np.full((1, 5), 1e12)))


def test_a_stored_policy_is_the_same(tmp_path: Path):
    policy = some_policy()
    save_policy(policy, tmp_path / "policy.safetensors")
    for stored, original in zip(load_policy(tmp_path / "policy.safetensors"), policy, strict=True):
        assert stored.dtype == original.dtype == np.float32
        assert_array_equal(stored, original)
