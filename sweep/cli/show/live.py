"""Shows the progress of a launch: a table that updates itself on a terminal, a line from time to time in a log."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from recipe_sweep.sweep.cli.show.notebook import NotebookTable
from recipe_sweep.sweep.cli.show.status import live_view, status_line
from recipe_sweep.sweep.monitoring.status import SweepStatus

LINE_EVERY_S = 10.0


class LaunchDisplay:
    """A context manager; `show` may be called at any rate."""

    def __init__(self, console: Console, transient: bool = True) -> None:
        """Take a terminal or a stream. If `transient`, the table is removed at the end."""
        self._console = console
        self._live = _table_on(console, transient)
        self._last_line = ""
        self._last_at = float("-inf")

    def __enter__(self) -> LaunchDisplay:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, status: SweepStatus) -> None:
        """Show the state of the sweep."""
        if self._live is not None:
            self._live.update(live_view(status))
            return
        line, now = status_line(status), time.monotonic()
        if line != self._last_line and now - self._last_at >= LINE_EVERY_S:
            self._last_line, self._last_at = line, now
            self.tell(line)

    def tell(self, text: str) -> None:
        """Print a line that stays on the screen."""
        self._console.print(Text(f"{time.strftime('%H:%M:%S')}  {text}"), soft_wrap=True)


def _table_on(console: Console, transient: bool) -> Live | NotebookTable | None:
    """Make a table that updates itself; None where nothing can be: a pipe, a file, a dumb terminal."""
    if console.is_jupyter:
        return NotebookTable()
    updates = console.is_terminal and not console.is_dumb_terminal
    return Live(console=console, refresh_per_second=4, transient=transient) if updates else None
