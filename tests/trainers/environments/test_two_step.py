"""The two-step game: what it pays, where it leads, when it ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.randomness import generator

JOINT_ACTIONS = list(itertools.product((0, 1), repeat=2))
PAYS = {0: [[7, 7], [7, 7]], 1: [[0, 1], [1, 8]]}


@pytest.mark.parametrize("first", JOINT_ACTIONS)
@pytest.mark.parametrize("second", JOINT_ACTIONS)
def test_every_joint_action_leads_and_pays_as_in_the_paper(first: tuple[int, int], second: tuple[int, int]):
    game = make_environment("two_step", 1)
    assert_array_equal(game.reset([generator(0)]), [[[1, 0, 0], [1, 0, 0]]])
    moved = game.step(np.eye(2)[[first]])
    state = [0, 1, 0] if first[0] == 0 else [0, 0, 1]  # agent A alone decides
    assert_array_equal(moved.observations, [[state, state]])
    assert_array_equal(moved.rewards, [[0, 0]])
    assert not moved.done[0]
    paid = game.step(np.eye(2)[[second]])
    payoff = PAYS[first[0]][second[0]][second[1]]
    assert_array_equal(paid.rewards, [[payoff, payoff]])
    assert paid.done[0]
