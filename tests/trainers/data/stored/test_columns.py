"""From rows to transitions and to returns, by hand."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.data.stored.columns import episode_returns, transition_index

ENDS = np.array([False, False, True, True, False, True])


def test_no_transition_crosses_the_end_of_an_episode():
    rows, next_rows, mask = transition_index(ENDS, 6)
    assert_array_equal(rows, [0, 1, 2, 3, 4, 5])
    assert_array_equal(next_rows, [1, 2, 2, 3, 5, 5])
    assert_array_equal(mask, [1, 1, 0, 0, 1, 0])
    assert (next_rows.dtype, mask.dtype) == (np.int64, np.float32)


def test_a_size_that_cuts_an_episode_still_leads_to_its_next_row():
    rows, next_rows, mask = transition_index(ENDS, 5)
    assert_array_equal(rows, [0, 1, 2, 3, 4])
    assert_array_equal(next_rows, [1, 2, 2, 3, 5])
    assert_array_equal(mask, [1, 1, 0, 0, 1])


def test_a_return_is_the_sum_over_time_of_the_mean_over_agents():
    rewards = np.array([[1, 3], [2, 2], [0, 1], [5, 7], [1, 1], [1, 0]], np.float32)
    assert_array_equal(episode_returns(rewards, ENDS), [4.5, 6.0, 1.5])
