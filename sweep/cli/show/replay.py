"""Prints runs as recorded and as trained again: a table for people, and JSON with the same content."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import Console

from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import plain_table
from recipe_sweep.sweep.worker.replay import Compared


def print_replay(console: Console, found: Sequence[Compared]) -> None:
    """Show one line for each run, then why bits may differ, then how many are equal."""
    table = plain_table("run", "recorded", "again", "difference", "in curve", "in weights", "bits")
    table.padding = (0, 2, 0, 0)
    for one in found:
        table.add_row(
            one.run_id,
            _score(one.recorded),
            _score(one.again),
            _small(one.difference),
            _small(one.curve),
            _small(one.weights),
            _bits(one),
        )
    console.print(table)
    for line in replay_lines(found):
        console.print(line, markup=False, highlight=False)


def replay_lines(found: Sequence[Compared]) -> Iterator[str]:
    """Write the reasons for which bits may differ, and the sum of the comparison."""
    doubts = {doubt: [one for one in found if doubt in one.doubts and not one.equal] for one in found for doubt in one.doubts}
    for doubt, runs in doubts.items():
        if runs:
            yield f"{counted(len(runs), 'run')} may differ: {doubt}"
    equal, broken = sum(one.equal for one in found), sum(one.broken for one in found)
    yield f"{equal:,} of {counted(len(found), 'run')} {agreeing(equal, 'has', 'have')} the recorded bits; nothing was recorded"
    if broken:
        yield f"{counted(broken, 'run')} should have the recorded bits, because nothing that shapes them has changed"


def replay_json(found: Sequence[Compared]) -> str:
    """Encode the comparison as JSON."""
    runs = [
        {
            **{name: _finite(value) for name, value in one._asdict().items()},
            "difference": _finite(one.difference),
            "promised": not one.doubts,
        }
        for one in found
    ]
    return json_text({"runs": runs})


def _score(score: float | None) -> str:
    return "none" if score is None else f"{score:.4f}"


def _bits(one: Compared) -> str:
    if one.equal:
        return "equal"
    return "[red]DIFFER[/red]" if one.broken else "differ"


def _small(value: float | None) -> str:
    return "-" if value is None else "0" if value == 0.0 else f"{value:.1e}"


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
