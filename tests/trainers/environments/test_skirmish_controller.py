"""What scripted units of skirmish decide."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.environments.skirmish_controller import (
    NOBODY,
    Seen,
    Way,
    attack_or_walk,
    last_or_nearest,
    least_in_range,
    one_of,
    step_towards,
)
from recipe_sweep.trainers.environments.skirmish_units import EAST, NORTH, SOUTH, WEST


def seen(vectors: list[tuple[float, float]], visible: list[int], in_range: list[int]) -> Seen:
    """One unit that has the other side at these vectors."""
    x, y = np.array(vectors, float).T[:, None, None]
    return Seen(x, y, np.array([[visible]]) == 1, np.array([[in_range]]) == 1)


def way(x: float, y: float, choice: float = 0.0) -> Way:
    return Way(np.array([[x]]), np.array([[y]]), np.array([[choice]]))


NEAR_AND_FAR = [(4.0, 0.0), (0.0, 3.0), (9.0, 9.0)]


def test_the_last_attacked_unit_is_attacked_while_it_is_in_range():
    for in_range, last, expected in (
        ([1, 1, 0], 0, 0),
        ([1, 1, 0], NOBODY, 1),
        ([1, 1, 0], 2, 1),
        ([1, 0, 0], 1, 0),
        ([0, 0, 0], 1, NOBODY),
    ):
        found = last_or_nearest(seen(NEAR_AND_FAR, [1, 1, 1], in_range), np.array([[last]]))
        assert found.item() == expected, (in_range, last)


def test_of_equals_the_first_is_attacked():
    values = np.array([[[0.5, 0.2, 0.2]]])
    assert least_in_range(seen(NEAR_AND_FAR, [1, 1, 1], [1, 1, 1]), values).item() == 1
    assert least_in_range(seen(NEAR_AND_FAR, [1, 1, 1], [1, 0, 1]), values).item() == 2


def test_a_unit_without_a_target_walks_to_a_visible_unit_and_else_to_its_goal():
    nobody = np.array([[NOBODY]])
    assert attack_or_walk(seen(NEAR_AND_FAR, [1, 1, 0], [0, 0, 0]), nobody, way(-9, 0, 0.49)).item() == EAST
    assert attack_or_walk(seen(NEAR_AND_FAR, [1, 1, 0], [0, 0, 0]), nobody, way(-9, 0, 0.5)).item() == NORTH
    assert attack_or_walk(seen(NEAR_AND_FAR, [0, 0, 0], [0, 0, 0]), nobody, way(-9, 0)).item() == WEST
    assert attack_or_walk(seen(NEAR_AND_FAR, [1, 1, 0], [1, 0, 0]), np.array([[0]]), way(-9, 0)).item() == 5


def test_a_step_goes_along_the_longer_axis_and_of_equals_along_the_first():
    x, y = np.array([[1.0, -1.0, 2.0, -2.0, 0.0]]), np.array([[1.0, -1.0, 1.0, -1.0, -0.1]])
    assert_array_equal(step_towards(x, y), [[NORTH, SOUTH, EAST, WEST, SOUTH]])


def test_a_number_chooses_among_the_flags_that_are_set_alike():
    flags = np.tile(np.array([0, 1, 0, 1, 1]) == 1, (1, 6, 1))
    numbers = np.array([[0.0, 0.33, 0.34, 0.66, 0.67, np.nextafter(np.float32(1), np.float32(0))]])
    assert_array_equal(one_of(flags, numbers), [[1, 1, 3, 3, 4, 4]])
