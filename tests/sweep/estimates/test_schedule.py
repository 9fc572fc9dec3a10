from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_sweep.sweep.estimates.schedule import makespan

SECONDS = st.lists(st.floats(min_value=0.01, max_value=1e6), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("seconds", "slots", "expected"),
    [
        ([], 2, 0.0),
        ([5.0], 4, 5.0),
        ([3.0, 2.0, 1.0], 1, 6.0),
        ([4.0, 3.0, 3.0, 2.0], 2, 6.0),  # 4+2 beside 3+3
        ([5.0, 5.0, 4.0, 4.0, 3.0, 3.0, 3.0], 3, 11.0),  # the classic case: 9 would be possible, longest first gives 11
        ([1.0, 1.0, 10.0], 2, 11.0),  # the long one last, as a pack that was started before may come
    ],
)
def test_packs_take_as_long_as_counted_by_hand(seconds: list[float], slots: int, expected: float) -> None:
    assert makespan(seconds, slots) == pytest.approx(expected)


@given(SECONDS, st.integers(min_value=1, max_value=12))
def test_no_schedule_beats_its_longest_pack_or_its_slots_nor_exceeds_grahams_bound(seconds: list[float], slots: int) -> None:
    taken, total, longest = makespan(seconds, slots), sum(seconds), max(seconds)
    slack = 1e-9 * total
    assert taken >= longest - slack
    assert taken >= total / slots - slack
    assert taken <= total / slots + (1 - 1 / slots) * longest + slack
