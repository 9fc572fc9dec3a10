"""One world step of skirmish against states computed by hand."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.environments.skirmish_units import (
    EAST,
    MARAUDER,
    MARINE,
    NORTH,
    SOUTH,
    STALKER,
    STOP,
    WEST,
    ZEALOT,
)
from tests.trainers.environments.battles import after_world_step, units_at

FIRST, SECOND = 5, 6
"""Actions that attack the first and the second unit of the other side."""


def test_an_attack_takes_the_attacker_s_damage_and_starts_its_cooldown():
    units = after_world_step(units_at([(10, 10), (14, 10)], [MARINE, STALKER]), [FIRST, STOP], deviation=0.01)
    assert_array_equal(units.health, [[45.0, 160.0 - 9.0]])
    assert_allclose(units.cooldown, [[0.61 + 0.01, -1 / 16]])
    assert_array_equal(units.x, [[10.0, 14.0]])


def test_a_unit_whose_weapon_reloads_does_not_attack():
    units = units_at([(10, 10), (14, 10)], [MARINE, MARINE])
    units.cooldown[:] = [[0.01, 0.0]]
    after_world_step(units, [FIRST, FIRST])
    assert_array_equal(units.health, [[45.0 - 9.0, 45.0]])
    assert_allclose(units.cooldown, [[0.01 - 1 / 16, 0.61]])
    after_world_step(units, [FIRST, FIRST])  # 0 or less is enough
    assert_array_equal(units.health, [[45.0 - 9.0, 45.0 - 9.0]])


@pytest.mark.parametrize(("distance", "damage"), [(5.0, 0.0), (5.0 - 1e-9, 9.0)])
def test_an_attack_reaches_less_far_than_its_range_and_not_as_far(distance: float, damage: float):
    units = after_world_step(units_at([(0.5, 10), (0.5, 10 + distance)], [MARINE, ZEALOT]), [FIRST, STOP])
    assert_array_equal(units.health[0, 1], 150.0 - damage)
    assert (units.cooldown[0, 0] > 0) == (damage > 0), "an attack out of range must not start the cooldown"


def test_damages_of_several_attackers_add_up_and_health_stops_at_nothing():
    units = units_at([(10, 10), (10, 12), (14, 11), (25, 25)], [MARINE, MARAUDER, MARINE, MARINE])
    after_world_step(units, [FIRST, FIRST, STOP, STOP])
    assert units.health[0, 2] == 45.0 - 9.0 - 10.0
    units.health[0, 2], units.cooldown[:] = 12.0, 0.0
    after_world_step(units, [FIRST, FIRST, STOP, STOP])
    assert units.health[0, 2] == 0.0
    assert_array_equal(units.alive, [[True, True, False, True]])


def test_two_units_can_kill_each_other_in_one_world_step():
    units = units_at([(10, 10), (14, 10)], [MARINE, MARINE])
    units.health[:] = 5.0
    assert_array_equal(after_world_step(units, [FIRST, FIRST]).health, [[0.0, 0.0]])


def test_the_dead_neither_attack_nor_move_nor_can_be_attacked():
    units = units_at([(10, 10), (10, 12), (14, 10), (14, 12)], [MARINE] * 4)
    units.health[0, 0] = units.health[0, 3] = 0.0
    after_world_step(units, [FIRST, SECOND, STOP, NORTH])
    assert_array_equal(units.health, [[0.0, 45.0, 45.0, 0.0]])
    assert_allclose(units.cooldown, [[-1 / 16] * 4], err_msg="an attack on a dead unit is none")
    after_world_step(units, [EAST, STOP, STOP, NORTH])
    assert_array_equal([units.x[0, 0], units.y[0, 3]], [10.0, 12.0])


@pytest.mark.parametrize(("action", "x", "y"), [(NORTH, 0, 1), (EAST, 1, 0), (SOUTH, 0, -1), (WEST, -1, 0), (STOP, 0, 0)])
def test_a_move_goes_its_direction_at_the_type_s_speed(action: int, x: float, y: float):
    units = after_world_step(units_at([(10, 10), (25, 25)], [STALKER, MARINE]), [action, STOP])
    assert_allclose([units.x[0, 0], units.y[0, 0]], [10 + x * 4.13 / 16, 10 + y * 4.13 / 16])


@pytest.mark.parametrize(("place", "action"), [((0.1, 16), WEST), ((31.9, 16), EAST), ((16, 0.1), SOUTH), ((16, 31.9), NORTH)])
def test_a_unit_that_walks_to_the_wall_stops_there_and_dies(place: tuple[float, float], action: int):
    units = after_world_step(units_at([place, (20, 20)], [MARINE, MARINE]), [action, STOP])
    assert_array_equal(units.alive, [[False, True]])
    assert 0.0 in (units.x[0, 0], units.y[0, 0]) or 32.0 in (units.x[0, 0], units.y[0, 0])


def test_a_unit_that_dies_at_the_wall_has_still_attacked():
    units = after_world_step(units_at([(0.0, 16), (4, 16)], [MARINE, MARINE]), [FIRST, STOP])
    assert_array_equal(units.health, [[0.0, 36.0]])


def test_overlapping_units_are_each_pushed_by_half_of_the_overlap():
    # Radii 0.375 and 0.5: at a distance of 0.5 they overlap by 0.375, so each goes half of that.
    units = after_world_step(units_at([(10, 10), (10.5, 10)], [MARINE, ZEALOT]), [STOP, STOP])
    assert_allclose(units.x, [[10 - 0.375 / 2, 10.5 + 0.375 / 2]], atol=2e-6)
    assert_allclose(units.y, [[10.0, 10.0]])


def test_a_unit_between_two_is_pushed_by_both():
    units = after_world_step(units_at([(10, 10), (10, 10.5), (10, 11), (25, 25)], [MARINE] * 4), [STOP] * 4)
    assert_allclose(units.y[0, :3], [10 - 0.125, 10.5, 11 + 0.125], atol=2e-6)


def test_the_dead_push_nobody_and_are_not_pushed():
    units = units_at([(10, 10), (10.5, 10)], [MARINE, MARINE])
    units.health[0, 1] = 0.0
    assert_array_equal(after_world_step(units, [STOP, STOP]).x, [[10.0, 10.5]])


def test_units_at_one_place_do_not_poison_the_battle():
    units = after_world_step(units_at([(10, 10), (10, 10)], [MARINE, MARINE]), [STOP, STOP])
    assert_array_equal(units.x, [[10.0, 10.0]])
