"""Which rows of a vault are transitions, by hand."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.data.published.tasks import Ending
from recipe_sweep.trainers.data.published.vault_rows import episode_rows, plan_rows


def flags(*rows: str) -> np.ndarray:
    return np.array([[sign == "1" for sign in row] for row in rows])


def test_own_rows():
    plan = plan_rows(flags("00101100", "10000010"), Ending.OWN_ROW)
    assert_array_equal(plan.kept, flags("11111100", "11111110"))
    assert_array_equal(plan.ends, flags("00101100", "10000010"))
    assert (plan.terminal_rows, plan.unfinished) == (0, 3)
    assert (plan.longest, plan.as_long) == (6, 1)


def test_terminal_observation_rows():
    """Three episodes of 2, 1 and 0 transitions; then one that is broken off."""
    plan = plan_rows(flags("00101100"), Ending.TERMINAL_ROW)
    assert_array_equal(plan.kept, flags("11010000"))
    assert_array_equal(plan.ends, flags("01010000"))
    assert (plan.terminal_rows, plan.unfinished) == (3, 2)
    assert (plan.longest, plan.as_long) == (3, 1)


def test_no_window_of_a_batch_row_reaches_into_the_next():
    plan = plan_rows(flags("0001", "1001"), Ending.TERMINAL_ROW)
    assert_array_equal(plan.ends, flags("0010", "0010"))
    assert_array_equal(episode_rows(flags("0001", "1001")), [4, 1, 3])


def test_no_end_leaves_no_transition():
    plan = plan_rows(flags("0000"), Ending.OWN_ROW)
    assert not plan.kept.any()
    assert (plan.unfinished, plan.longest) == (4, 0)
