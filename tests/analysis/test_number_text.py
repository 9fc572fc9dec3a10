"""Numbers as readers want them."""

from __future__ import annotations

import pytest

from recipe_sweep.analysis.number_text import short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2 / 3, "0.667"),
        (0.03, "0.03"),
        (10.0, "10"),
        (1234.0, "1230"),
        (0.00012345, "0.000123"),
        (-0.5, "-0.5"),
        (999.9, "1000"),
    ],
)
def test_no_reader_meets_more_than_three_digits_or_an_exponent_for_a_common_number(value: float, text: str) -> None:
    assert short(value) == text
