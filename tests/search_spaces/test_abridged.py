"""Long lists are cut where people read them, and say how much was cut."""

from __future__ import annotations

import pytest

from recipe_sweep.search_spaces.abridged import LONGEST_TEXT, cut, listing, ranges
from recipe_sweep.search_spaces.errors import MOST_TOLD, Problem, UserInputError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from tests.search_spaces.grids import grid_of


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["mix", "vdn"], "mix, vdn"),
        ([0, 1, 2], "0, 1, 2"),
        (range(20_000), "0-19999"),
        ([*range(50), 7_000, *range(100, 200)], "0-49, 7000, 100-199"),
        (range(0, 20_000, 2), "0, 2, 4, 6, 8, 10, 12, 14, ... (10,000 in all)"),
        ([f"task{number}" for number in range(41)], "task0, task1, task2, task3, task4, task5, task6, task7, ... (41 in all)"),
        (["x" * 900_000], "x" * 77 + "..."),
    ],
)
def test_a_list_is_told_in_few_words(names: list[object], text: str) -> None:
    assert listing(names) == text


def test_numbers_in_a_row_stay_apart_where_what_belongs_to_them_differs() -> None:
    pairs = [("0", "4"), ("1", "4"), ("2", "4"), ("3", "5"), ("4", "5"), ("7", "5")]
    assert list(ranges(pairs)) == [("0-2", "4"), ("3", "5"), ("4", "5"), ("7", "5")]


def test_a_short_text_is_not_cut() -> None:
    assert cut("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    assert len(cut("x" * (LONGEST_TEXT + 1))) == LONGEST_TEXT


def test_of_thousands_of_mistakes_the_first_are_told_and_the_others_counted() -> None:
    error = UserInputError(*(Problem(f"file{number}", found="x", expected="y") for number in range(12_000)))
    text = str(error)
    assert text.startswith("12,000 problems:\nfile0\n")
    assert text.endswith(f"and {12_000 - MOST_TOLD:,} more")
    assert text.count("found") == MOST_TOLD


MANY = expand(grid_of(seed=["0-9999", "10000-19999"])).points


@pytest.mark.parametrize("texts", [["seed=77777"], ["seed=0-9999", "alpha=3"], ["seed=0-15000"], ["seed=5-3"], ["seed=x,y,z"]])
def test_a_filter_on_20000_seeds_is_refused_in_few_words(texts: list[str]) -> None:
    with pytest.raises(UserInputError) as raised:
        select(MANY, parse_filters(texts))
    assert len(str(raised.value)) < 400
    assert str(raised.value).startswith("--only ")


def test_a_filter_takes_as_many_seeds_as_a_range_may_have() -> None:
    assert len(select(MANY, parse_filters(["seed=0-9999"]))) == 10_000
    with pytest.raises(UserInputError, match="ranges of 1 to 10,000 seeds"):
        select(MANY, parse_filters(["seed=0-10000"]))
