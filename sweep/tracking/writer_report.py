"""What the writer of MLflow tells the launch that started it: lines of JSON through a pipe of their own.

Not through standard output, which libraries write to as well. The pipe is read once, after the writer has ended or was ended.
So the writer never waits for room in it, and sends only what the launch says at its end.
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
    """How a writer ended. `waiting` is None where the writer did not come to counting."""

    up_to_date: bool
    waiting: int | None = None
    """Runs of the sweep that MLflow does not show yet"""
    why: str | None = None
    """What MLflow's last refusal said"""
    notes: tuple[str, ...] = ()
    """Sentences for the user"""


class Reports:
    """The writer's end of the pipe; without one, what is told goes nowhere."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._counted = -math.inf
        if descriptor is not None:
            os.set_blocking(descriptor, False)

    def note(self, sentence: str) -> None:
        """Tell the user something."""
        self._send("note", sentence)

    def waiting(self, runs: int) -> None:
        """Say how many runs the last pass has still to look at; between two counts some time passes."""
        now = time.monotonic()
        if not runs or now - self._counted > _BETWEEN_COUNTS_S:
            self._counted = now
            self._send("waiting", runs)

    def refused(self, why: str) -> None:
        """Say why MLflow has not all runs; nothing takes back what was said before."""
        self._send("why", why[:500])

    def _send(self, kind: str, content: str | int) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # The launch is gone, or the pipe is full.
                os.write(self._descriptor, json.dumps([kind, content]).encode() + b"\n")


def read_reports(descriptor: int, up_to_date: bool) -> WriterEnd:
    """What was told so far, without waiting for more; closes the pipe."""
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
