"""What the agents of skirmish see and may do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.environments.skirmish_units import (
    BATTLES,
    EAST,
    MARINE,
    NORTH,
    STALKER,
    STOP,
    ZEALOT,
)
from recipe_sweep.trainers.environments.skirmish_views import Gaps, legal_actions, observe, state
from tests.trainers.environments.battles import units_at

PLACES = [(10, 10), (10, 13), (14, 10), (10, 20)]
"""Two allies, and an enemy 4 to the east and one 10 to the north of the first."""
TYPES = [MARINE, STALKER, ZEALOT, MARINE]


@pytest.mark.parametrize(("task", "sizes"), [("skirmish_3m", (3, 75, 8, 60)), ("skirmish_2s3z", (5, 127, 10, 100))])
def test_a_map_has_the_sizes_that_its_data_are_stored_in(task: str, sizes: tuple[int, int, int, int]):
    spec = BATTLES[task].spec
    assert (spec.n_agents, spec.obs_dim, spec.action_dim, spec.state_dim) == sizes
    assert spec.masked
    assert spec.discrete
    assert spec.horizon == 101


def test_an_observation_has_the_other_units_in_order_and_the_agent_last():
    units = units_at(PLACES, TYPES)
    units.health[0] = [45.0, 80.0, 75.0, 9.0]
    units.cooldown[0] = [0.305, -0.5, 0.86, 9.0]
    seen = observe(units, Gaps.between(units), np.array([[EAST, 6, 5, STOP]]))
    first, second = seen[0].reshape(2, -1)
    ally = [0.5, 0.0, 3 / 9, 0.0, 0.0, 6 / 6, 0.0, *np.eye(6)[STALKER]]
    enemy = [0.5, 4 / 9, 0.0, 0.0, 0.0, 5 / 6, 1.0, *np.eye(6)[ZEALOT]]
    hidden = [0.0] * 13
    own = [1.0, 10 / 32, 10 / 32, 0.5, *np.eye(6)[MARINE]]
    assert_allclose(first, [*ally, *enemy, *hidden, *own])
    # A stalker sees 10 far: the second enemy is at a distance of 7. Vectors are shares of its own sight.
    ally = [1.0, 0.0, -3 / 10, 1.0, 0.0, 0.0, 0.5, *np.eye(6)[MARINE]]
    enemy = [0.5, 4 / 10, -3 / 10, 0.0, 0.0, 5 / 6, 1.0, *np.eye(6)[ZEALOT]]
    far = [0.2, 0.0, 7 / 10, 0.0, 0.0, 0.0, 1.0, *np.eye(6)[MARINE]]
    own = [0.5, 10 / 32, 13 / 32, 0.0, *np.eye(6)[STALKER]]
    assert_allclose(second, [*ally, *enemy, *far, *own])


def test_a_unit_sees_less_far_than_its_sight_and_not_as_far():
    for distance, visible in ((9.0, False), (9.0 - 1e-9, True)):
        units = units_at([(0.5, 0.5), (0.5, 0.5 + distance)], [MARINE, MARINE])
        assert observe(units, Gaps.between(units), np.full((1, 2), STOP))[0, 0, :13].any() == visible


def test_the_dead_see_nothing_and_are_not_seen():
    units = units_at(PLACES, TYPES)
    units.health[0, 0] = units.health[0, 2] = 0.0
    seen = observe(units, Gaps.between(units), np.array([[NORTH, STOP, 5, STOP]]))[0]
    assert not seen[0].any()
    assert not seen[1, :26].any()
    assert seen[1, 26:].any()


def test_the_state_has_every_living_unit_though_no_agent_sees_it():
    units = units_at(PLACES, TYPES)
    units.health[0, 1], units.cooldown[0, 3] = 0.0, 0.305
    numbers = state(units)[0].reshape(4, 10)
    assert_allclose(numbers[0], [1.0, 10 / 32, 10 / 32, 0.0, *np.eye(6)[MARINE]])
    assert not numbers[1].any()
    assert_allclose(numbers[3], [1.0, 10 / 32, 20 / 32, 0.5, *np.eye(6)[MARINE]])


def test_only_living_enemies_in_range_may_be_attacked():
    units = units_at([(10, 10), (10, 13), (14, 10), (10, 14.9)], [MARINE] * 4)
    assert_array_equal(legal_actions(units, Gaps.between(units)), [[[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0, 1]]])
    units.health[0, 3] = 0.0
    assert_array_equal(legal_actions(units, Gaps.between(units)), [[[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0, 0]]])


def test_a_dead_agent_may_only_stop():
    units = units_at([(10, 10), (10, 13), (14, 10), (10, 14.9)], [MARINE] * 4)
    units.health[0, 0] = 0.0
    legal = legal_actions(units, Gaps.between(units))
    assert_array_equal(legal[0, 0], np.eye(7)[STOP])
    assert legal.dtype == np.uint8
