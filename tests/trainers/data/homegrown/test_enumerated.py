"""The two-step game's dataset holds every joint action of every state equally often."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from recipe_sweep.trainers.data.homegrown.enumerated import uniform_columns
from recipe_sweep.trainers.data.stored.columns import transition_index
from recipe_sweep.trainers.environments.two_step import TwoStep
from recipe_sweep.trainers.randomness import generator

Pair = tuple[int, tuple[int, int]]


def pairs(columns) -> list[Pair]:
    """State and joint action of each row."""
    states, actions = columns.states.argmax(axis=1), columns.actions.argmax(axis=2)
    return [(int(state), (int(a), int(b))) for state, (a, b) in zip(states, actions, strict=True)]


@pytest.mark.parametrize("size", [12, 48, 120, 1200])
def test_no_joint_action_of_any_state_is_more_frequent_than_another(size: int):
    counts = Counter(pairs(uniform_columns(size))[:size])
    assert len(counts) == 12
    assert set(counts.values()) == {size // 12}


@pytest.mark.parametrize("size", [1, 5, 13, 49, 100_000])
def test_a_size_that_is_no_multiple_is_met_exactly_and_nearly_even(size: int):
    columns = uniform_columns(size)
    assert len(columns.terminals) >= size
    assert columns.terminals[-1]
    counts = Counter(pairs(columns)[:size])
    assert max(counts.values()) - min(counts.values(), default=0) <= 1


def test_sarsa_sees_every_second_action_after_every_first_one():
    columns = uniform_columns(48)
    rows, next_rows, mask = transition_index(columns.terminals, 48)
    held = pairs(columns)
    follows = Counter((held[row], held[then]) for row, then, m in zip(rows, next_rows, mask, strict=True) if m)
    assert len(follows) == 16
    assert set(follows.values()) == {1}


def test_the_rows_are_what_the_game_answers():
    columns = uniform_columns(48)
    first_rows = np.flatnonzero(~columns.terminals)
    game = TwoStep(len(first_rows))
    seen = game.reset([generator(0)] * len(first_rows))
    for rows in (first_rows, first_rows + 1):
        np.testing.assert_array_equal(columns.observations[rows], seen)
        np.testing.assert_array_equal(columns.states[rows], seen[:, 0])
        seen, rewards, done = game.step(columns.actions[rows])
        np.testing.assert_array_equal(columns.rewards[rows], rewards)
        np.testing.assert_array_equal(columns.terminals[rows], done)
