"""Waits as long as something moves, because a busy machine is slow and not broken."""

from __future__ import annotations

import time
from collections.abc import Callable

from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done

STILL_S = 400.0
"""Seconds without any progress after which waiting is given up. Most of them pass after a node is lost."""


def wait_while_moving(
    happened: Callable[[], object], progress: Callable[[], object], still_s: float = STILL_S, every_s: float = 0.5
) -> float:
    """Wait until something has happened, and return the seconds that it took.

    Raises AssertionError if `progress` returns the same for so many seconds.
    """
    began = moved = time.monotonic()
    newest = progress()
    while not happened():
        if (now := progress()) != newest:
            moved, newest = time.monotonic(), now
        waited = time.monotonic() - moved
        assert waited < still_s, f"it did not happen, and nothing has moved for {waited:.0f} s: {newest}"
        time.sleep(every_s)
    return time.monotonic() - began


def progress_of(sweep: SweepPaths) -> tuple[int, int, list[tuple[str, int]]]:
    """Return how far a sweep is: runs that are done, attempts, and the step of each pack at work."""
    packs = sweep.attempts.iterdir() if sweep.attempts.exists() else ()
    attempts = sum(len(read_attempts(sweep, pack.name)) for pack in packs)
    steps = sorted((each.pack_id, each.step) for each in read_all_progress(sweep.progress))
    return len(read_done(sweep).file_of), attempts, steps
