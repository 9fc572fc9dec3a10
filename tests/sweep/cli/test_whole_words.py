"""A table fits its terminal, breaks no word that fits, and loses none."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from recipe_sweep.sweep.cli.show.status import live_view
from recipe_sweep.sweep.cli.show.text import plain_table
from recipe_sweep.sweep.estimates.spending import Spending
from recipe_sweep.sweep.monitoring.status import RunningPack, SweepStatus

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


def test_a_row_has_more_lines_than_it_needs() -> None:
    assert len(printed(60)) == 2 + 1, "the longest cell has two lines then, and the other column one"
    assert len(printed(45)) == 1 + 2


@pytest.mark.parametrize("width", [80, 120])
def test_packs_at_work_have_broken_ids_and_places(width: int) -> None:
    pack = RunningPack("a" * 16, "mix td simple_spread/medium-replay", 64, 12_345, 100_000, 12_345.6, 0.5, 1.0, 10**9, 10**9)
    status = SweepStatus(64, 0, 0, 0, 64, 0, 0, 0, (pack,), 1.0, None, Spending(0, 0, 0.0, 0.0, 0.0), None, (), (), None)
    out = io.StringIO()
    Console(file=out, width=width).print(live_view(replace(status, packs=(replace(pack, gpu_memory_bytes=None),))))
    words = out.getvalue().split()
    assert {"a" * 16, "simple_spread", "medium-replay", "12,345", "12,346/s"} <= set(words)
    assert max(map(len, out.getvalue().splitlines())) <= width


def test_a_very_narrow_terminal_loses_characters() -> None:
    told = printed(20)
    assert max(map(len, told)) <= 20
    assert sorted("".join(told).replace(" ", "")) == sorted(
        "".join(["dataset", "score", "configuration", *CELLS]).replace(" ", "")
    )
