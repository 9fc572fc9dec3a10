"""The policies that come with the package: what their records promise is what they do."""

from __future__ import annotations

import re

import pytest

from recipe_sweep.trainers.behaviour.library import kept_policy, record_of
from recipe_sweep.trainers.behaviour.training import play_returns
from recipe_sweep.trainers.environments.mujoco_robots import ANT, HALF_CHEETAH, HOPPER, Robot

ROBOTS = [ANT, HOPPER, HALF_CHEETAH]
LEAST = {ANT: 1900.0, HOPPER: 2800.0, HALF_CHEETAH: 3500.0}
"""Mean return of an expert worth the name: about the best of the published data."""
EPISODES = 12
MODULE = r"python -m (recipe_sweep\.)?trainers\.behaviour"
"""Policies that were trained before the package had one import name say what was typed then."""

robots = pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.name)


@robots
def test_a_record_tells_how_its_policies_were_made(robot: Robot):
    record = record_of(robot)
    assert record.robot == robot.name
    assert re.match(rf"{MODULE} ", record.training.command)
    assert re.match(rf"{MODULE}\.choose ", record.chosen_by)
    steps = [point.steps for point in record.training.curve]
    assert {record.expert.steps, record.medium.steps, *(kept.steps for kept in record.replay)} <= set(steps)


@robots
def test_expert_medium_and_beginner_are_far_apart(robot: Robot):
    record = record_of(robot)
    assert record.expert.mean >= LEAST[robot]
    assert 0.3 < record.medium.mean / record.expert.mean < 0.7
    assert record.replay[0].mean < 0.1 * record.expert.mean
    assert [kept.steps for kept in record.replay] == sorted(kept.steps for kept in record.replay)


@robots
@pytest.mark.parametrize("quality", ["expert", "medium"])
def test_a_policy_still_returns_what_its_record_says(robot: Robot, quality: str):
    """On this machine and with today's physics; other episodes than the record's, so within five standard errors."""
    kept = getattr(record_of(robot), quality)
    returns = play_returns(robot, kept_policy(robot, kept), EPISODES, kept.noise_scale, ("test", quality))
    assert abs(returns.mean() - kept.mean) < 5.0 * kept.std / EPISODES**0.5


@robots
def test_exploration_is_the_noise_that_the_policy_learned_times_its_share(robot: Robot):
    record = record_of(robot)
    for kept in (record.expert, record.medium, *record.replay):
        assert kept.exploration == pytest.approx(tuple(kept.noise_scale * kept_policy(robot, kept).std))
