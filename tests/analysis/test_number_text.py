"""Numbers as readers want them."""

from __future__ import annotations

import math

import pytest

from recipe_sweep.analysis.number_text import measured, score, short, signed, with_interval


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


def test_a_score_that_is_nearly_nothing_has_no_minus_and_one_that_is_missing_is_a_dash() -> None:
    assert [score(value) for value in (-0.001, 0.456, math.nan, None)] == ["0.00", "0.46", "\N{EN DASH}", "\N{EN DASH}"]
    assert [signed(value) for value in (-0.0001, 0.25, math.inf, None)] == ["+0.000", "+0.250", "\N{EN DASH}", "\N{EN DASH}"]


def test_a_value_without_an_interval_has_no_brackets() -> None:
    assert measured((0.5, 0.25, 0.75)) == "0.50 [0.25, 0.75]"
    assert measured((0.5, math.nan, math.nan)) == "0.50"
    assert with_interval(0.5, 0.25, 0.75) == "0.50 [0.25, 0.75]"
    assert with_interval(0.5, None, 0.75, digits=3) == "0.500"
