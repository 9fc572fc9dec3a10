"""A sweep as a few lines of HTML, which a notebook shows below a cell."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.sweep.monitoring.status import SweepStatus

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

SHOWN = 5


def sweep_html(name: str, directory: Path, status: SweepStatus, best: pd.DataFrame | None) -> str:
    """Write name, progress and the best configurations so far. Everything that a user named is escaped."""
    lines = [f"<b>{html.escape(name)}</b> in <code>{html.escape(str(directory))}</code>", progress_text(status)]
    if best is not None and len(best):
        shown = best.sort_values("score", ascending=False, kind="stable").head(SHOWN)
        columns = [column for column in shown.columns if column not in ("config_id", "low", "high")]
        lines.append(_table(columns, [[_cell(value) for value in row] for row in shown[columns].itertuples(index=False)]))
        if len(best) > SHOWN:
            lines.append(f"the best {SHOWN} of {len(best):,} pairs of design and dataset")
    return "<div>" + "<br>".join(lines) + "</div>"


def progress_text(status: SweepStatus) -> str:
    """Write how many runs are done, and how many are in each other state that has any."""
    states = {"running": status.running, "failed": status.failed, "waiting": status.waiting, "diverged": status.diverged}
    rest = "".join(f", {number:,} {state}" for state, number in states.items() if number)
    return f"{status.done:,} of {counted(status.wanted, 'run')} done{rest}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN, where a setting does not apply
        return ""
    return html.escape(f"{value:.4g}" if isinstance(value, float) else str(value))
