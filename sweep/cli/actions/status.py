"""`status`: shows the state of a sweep, once or repeatedly."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from rich.console import Console

from recipe_sweep.sweep.cli.shared import console, open_reference, without_garbage_collection
from recipe_sweep.sweep.cli.show.search import progress_line
from recipe_sweep.sweep.cli.show.status import print_status, status_json
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.files.on_cluster import read_on_cluster
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import Reference

WATCH_EVERY_S = 2.0


@dataclass(frozen=True)
class StatusOptions:
    """Which runs of which sweep, whether to keep watching, and how to print."""

    reference: Reference
    only: Sequence[str]
    watch: bool
    as_json: bool


def show_status(options: StatusOptions) -> None:
    """Print the state of the sweep."""
    with nullcontext() if options.watch else without_garbage_collection():
        target = open_reference(options.reference)
        selected = {point.run_id for point in target.selected(options.only)}
        watcher = SweepWatcher(target.points, target.paths, selected, scores=options.watch)
        screen = console()
        if options.watch:
            _watch(watcher, screen)
        look, axes = watcher.look_once()
    if options.as_json:
        say(status_json(target, look, axes))
        return
    if (place := read_on_cluster(target.paths)) is not None:
        tell(place.sentence)
    print_status(screen, target, look, axes)
    if target.space is not None:
        tell(progress_line(target))


def _watch(watcher: SweepWatcher, screen: Console) -> None:
    """Show the state of a sweep until Ctrl-C: a table on a terminal, a line from time to time in a file or a pipe."""
    from recipe_sweep.sweep.cli.show.live import LaunchDisplay

    with LaunchDisplay(screen, transient=False) as display:
        while True:
            display.show(watcher.look())
            time.sleep(WATCH_EVERY_S)
