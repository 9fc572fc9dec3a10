"""Cells of an exported CSV that hold lists: the very text that `json.dumps` writes, as every export before had it."""

from __future__ import annotations

import json
import math
import random
import struct

import pyarrow as pa
import pytest

from recipe_sweep.sweep.results.json_cells import json_texts

AWKWARD = [
    0.0, -0.0, 1.0, -1.0, 100.0, 1e5, 9_999_999_999.0, 1e10, 12_345_678_901.5, 1e14, 1e15, 1e16, 1e17, 1e22,
    1.7976931348623157e308,
       0.1, -0.1, 1e-3, 1e-4, 0.00010001, 9.999e-5, 1e-5, 1.5e-7, 5e-324, 2.2250738585072014e-308, 1 / 3, 0.30000000000000004,
    2.0**53, 2.0**53 + 2, 0.5, 1e9 + 0.5, math.nan, math.inf, -math.inf,
]  # fmt: skip


def any_floats(number: int) -> list[float]:
    """Floats of every size, drawn by their bits, and such as networks give."""
    draw = random.Random(0)
    bits = [struct.unpack("<d", draw.randbytes(8))[0] for _ in range(number)]
    single = [struct.unpack("<f", struct.pack("<f", draw.gauss(0, 1) * 10 ** draw.uniform(-6, 6)))[0] for _ in range(number)]
    return [*bits, *single]


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([AWKWARD], id="awkward floats"),
        pytest.param([any_floats(20_000)], id="floats of every size"),
        pytest.param([[0.5], [], [1.5, 2.0]], id="an empty list among others"),
        pytest.param([[None, 0.5], [math.nan, None]], id="a value that is not there"),
    ],
)
def test_lists_of_floats_are_written_to_the_last_digit(cells: list[list[float | None]]) -> None:
    found = json_texts(pa.array(cells, pa.list_(pa.float64())))
    assert found.to_pylist() == [json.dumps(cell) for cell in cells]


def test_lists_of_integers_are_written_whole() -> None:
    cells = [[0, -1, 2**62], [], [5]]
    assert json_texts(pa.array(cells, pa.list_(pa.int64()))).to_pylist() == [json.dumps(cell) for cell in cells]


MAP = pa.map_(pa.string(), pa.list_(pa.float64()))


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([{"q": [1.5, 2.0], "loss/all": [0.25]}, {"q": []}], id="diagnostics"),
        pytest.param([{}, {"q": [0.5]}, {}], id="none at all"),
        pytest.param([{'a "quote"\\,\n': [0.5], "\N{GREEK SMALL LETTER ALPHA}": [math.nan]}], id="names that need escaping"),
    ],
)
def test_maps_are_written_as_objects(cells: list[dict[str, list[float]]]) -> None:
    found = json_texts(pa.array([list(cell.items()) for cell in cells], MAP))
    assert found.to_pylist() == [json.dumps(cell) for cell in cells]


def test_a_part_of_a_column_is_that_part_and_an_absent_cell_stays_absent() -> None:
    lists = pa.array([[0.5], None, [1.5, 2.5], [3.0]], pa.list_(pa.float64())).slice(1, 2)
    assert json_texts(lists).to_pylist() == [None, "[1.5, 2.5]"]
    maps = pa.array([[("q", [0.5])], None, [("p", None)]], MAP).slice(1)
    assert json_texts(maps).to_pylist() == [None, '{"p": null}']


def test_a_kind_of_column_that_nobody_thought_of_is_not_written_wrongly() -> None:
    with pytest.raises(TypeError, match="bool"):
        json_texts(pa.array([True]))
