"""Progress bars on a terminal; none in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recipe_sweep.trainers.data.published.fetch import Stages
    from recipe_sweep.trainers.data.stored.collect import Progress


@contextmanager
def stages(shown: bool = True) -> Iterator[Stages]:
    """Yield a function that begins a bar with a name. It returns another that moves it: (done, total), total 0 if unknown."""
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bars:

        def begin(doing: str) -> Progress:
            bar = bars.add_task(doing, total=None)
            return lambda done, total: bars.update(bar, completed=done, total=total or None)

        yield begin
