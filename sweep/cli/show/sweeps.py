"""Prints the list of sweeps: a table for people, and JSON with the same content."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.text import design_words, plain_table
from recipe_sweep.sweep.monitoring.best_so_far import Leader
from recipe_sweep.sweep.monitoring.sweep_list import SweepState, SweepSummary
from recipe_sweep.sweep.units import duration, memory

_COLOURS = {SweepState.RUNNING: "yellow", SweepState.FINISHED: "green", SweepState.STOPPED: "dim"}


def print_sweeps(console: Console, folder: Path, sweeps: Sequence[SweepSummary]) -> None:
    """Print one line per sweep. One that cannot be opened has the reason below the table."""
    table = plain_table("sweep", "state", "done", "age", "size", "best", "by")
    table.padding = (0, 2, 0, 0)
    for column, folds in zip(table.columns, (True, False, True, False, False, False, True), strict=True):
        column.no_wrap = not folds
    for sweep in (each for each in sweeps if each.broken is None):
        table.add_row(
            _name(sweep),
            f"[{_COLOURS[sweep.state]}]{sweep.state}[/{_COLOURS[sweep.state]}]",
            f"{sweep.done:,}/{sweep.wanted:,}" + (f", [red]{sweep.failed:,} failed[/red]" if sweep.failed else ""),
            _age(sweep),
            memory(sweep.footprint.size),
            *_best_cells(sweep.best),
        )
    if table.row_count:
        console.print(table)
    for sweep in (each for each in sweeps if each.broken is not None):
        console.print(f"[red]{escape(sweep.root.name)}[/red]: {escape(sweep.broken or '')}", highlight=False)
    size = memory(sum(sweep.footprint.size for sweep in sweeps))
    console.print(f"{counted(len(sweeps), 'sweep')} in {escape(str(folder))}, {size}", highlight=False)


def sweeps_json(folder: Path, sweeps: Sequence[SweepSummary]) -> str:
    """Write the list as JSON."""
    return json_text({"directory": str(folder), "sweeps": [_content(sweep) for sweep in sweeps]})


def _content(sweep: SweepSummary) -> dict[str, object]:
    changed = sweep.footprint.changed_at
    common = {
        "name": sweep.root.name,
        "directory": str(sweep.root),
        "size_bytes": sweep.footprint.size,
        "changed_at": datetime.fromtimestamp(changed, UTC).isoformat() if changed else None,
        "broken": sweep.broken,
    }
    if sweep.broken is not None:
        return common
    best = sweep.best
    counts = {"rehearsal": sweep.rehearsal, "wanted": sweep.wanted, "done": sweep.done, "failed": sweep.failed}
    found = best and {"score": best.score, "seeds": best.seeds, "config_id": best.point.config_id, **_design(best.point)}
    return common | counts | {"state": sweep.state, "best": found}


def _design(point: DesignPoint) -> dict[str, object]:
    return {"task": point.task, "dataset": point.dataset, "design": design_words(point), "alpha": point.alpha, "tau": point.tau}


def _name(sweep: SweepSummary) -> str:
    mark = " [red](rehearsal)[/red]" if sweep.rehearsal else ""
    return escape(sweep.root.name) + mark


def _best_cells(best: Leader | None) -> tuple[str, str]:
    if best is None:
        return "-", ""
    return f"{best.score:.3f}", f"{design_words(best.point)}, {best.point.task} {best.point.dataset}"


def _age(sweep: SweepSummary) -> str:
    changed = sweep.footprint.changed_at
    return duration(max(time.time() - changed, 0.0)) if changed else "-"
