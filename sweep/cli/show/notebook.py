"""Shows a table below a notebook's cell that updates itself. It needs no widgets."""

from __future__ import annotations

import io
import time
from typing import Any

from rich.console import Console, RenderableType

EVERY_S = 0.5
WIDTH = 110
_FORM = '<pre style="font-family: monospace; line-height: normal; white-space: pre; overflow-x: auto">{code}</pre>'


class NotebookTable:
    """A table in a notebook, with the methods of rich's `Live` that a launch uses."""

    def __init__(self) -> None:
        self._cell: Any = None
        self._last_at = float("-inf")
        self._waiting: RenderableType | None = None

    def start(self) -> None:
        """Put an empty table below the cell."""
        from IPython.display import HTML, display

        self._cell = display(HTML(""), display_id=True)

    def update(self, table: RenderableType) -> None:
        """Show this from now on. Several within half a second are shown as one."""
        self._waiting, now = table, time.monotonic()
        if now - self._last_at >= EVERY_S:
            self._last_at = now
            self._show()

    def stop(self) -> None:
        """Show the last table, which stays in the notebook."""
        self._show()

    def _show(self) -> None:
        from IPython.display import HTML

        if self._cell is not None and self._waiting is not None:
            self._cell.update(HTML(as_html(self._waiting)))
            self._waiting = None


def as_html(table: RenderableType) -> str:
    """Write what rich shows on a terminal as HTML."""
    console = Console(file=io.StringIO(), width=WIDTH, record=True, force_jupyter=False)
    console.print(table)
    return console.export_html(code_format=_FORM, inline_styles=True)
