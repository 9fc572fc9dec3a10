"""A table fits its terminal, breaks no word that fits, and loses none."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from recipe_sweep.sweep.cli.show.text import plain_table

CELLS = ("simple_spread expert", "0.123", "alpha 1e-05, hidden 24x24, lr 1e-05")


def printed(width: int) -> list[str]:
    table = plain_table("dataset", "score", "configuration")
    table.columns[1].no_wrap = True
    table.add_row(*CELLS)
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [38, 45, 60, 200])
def test_a_word_is_broken_although_it_fits(width: int) -> None:
    told = printed(width)
    assert max(map(len, told)) <= width
    words = {word for line in told for word in line.split()}
    assert words == {"dataset", "score", "configuration", *(word for cell in CELLS for word in cell.split())}


def test_a_very_narrow_terminal_loses_characters() -> None:
    told = printed(20)
    assert max(map(len, told)) <= 20
    assert sorted("".join(told).replace(" ", "")) == sorted(
        "".join(["dataset", "score", "configuration", *CELLS]).replace(" ", "")
    )
