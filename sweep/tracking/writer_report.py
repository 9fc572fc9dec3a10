"""Reports of the MLflow writer to its launch: lines of JSON through a separate pipe.

Standard output is not used, because libraries write to it as well. The pipe is read once, after the writer's end. So the
writer never waits for room in it, and sends only what the launch prints at its end.
"""

from __future__ import annotations

import json
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass

_PIECE = 1 << 16
_BETWEEN_COUNTS_S = 0.2


@dataclass(frozen=True)
class WriterEnd:
    """How a writer ended. `waiting` is None if the writer counted nothing."""

    up_to_date: bool
    waiting: int | None = None
    """Runs of the sweep that MLflow does not show yet"""
    why: str | None = None
    """The message of MLflow's last refusal"""
    notes: tuple[str, ...] = ()
    """Sentences for the user"""


class Reports:
    """The writer's end of the pipe. Without a pipe, reports are dropped."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._counted = -math.inf
        if descriptor is not None:
            os.set_blocking(descriptor, False)

    def note(self, sentence: str) -> None:
        """Send a sentence for the user."""
        self._send("note", sentence)

    def waiting(self, runs: int) -> None:
        """Send how many runs the last pass still has to look at, but not too often."""
        now = time.monotonic()
        if not runs or now - self._counted > _BETWEEN_COUNTS_S:
            self._counted = now
            self._send("waiting", runs)

    def refused(self, why: str) -> None:
        """Send why MLflow does not have all runs. An empty text withdraws the reason."""
        self._send("why", why[:500])

    def _send(self, kind: str, content: str | int) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # The launch has ended, or the pipe is full.
                os.write(self._descriptor, json.dumps([kind, content]).encode() + b"\n")


def read_reports(descriptor: int, up_to_date: bool) -> WriterEnd:
    """Read the reports so far without waiting for more, and close the pipe."""
    os.set_blocking(descriptor, False)
    told = b""
    try:
        while piece := os.read(descriptor, _PIECE):
            told += piece
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
    waiting, why, notes = None, None, []
    for line in told.splitlines():
        kind, content = json.loads(line)
        if kind == "note":
            notes.append(content)
        elif kind == "waiting":
            waiting = content
        else:
            why = content or None
    return WriterEnd(up_to_date, waiting, why, tuple(notes))
