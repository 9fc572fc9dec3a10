"""Ending a worker that makes no progress, so that its pack is tried again instead of holding a slot for ever.

The trainer reports progress about once a second, between the steps of training and of an evaluation alike; each report
winds a timer up again. The timer is `faulthandler`'s: a thread in C, which needs no lock of the interpreter and looks at no
clock that can be set, so that it also ends a process whose native code never returns. A thread of our own that beat while
training hangs would prove nothing.

What it leaves is the trace of where training hung, in the attempt's log; whoever tries the pack next finds it there.
"""

from __future__ import annotations

import faulthandler
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

_LAST_WORDS = re.compile(r"^Timeout \((?P<silent>[\d:.]+)\)!$", re.MULTILINE)
_THREAD = re.compile(r"^Thread 0x", re.MULTILINE)
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<name>.+)$', re.MULTILINE)


class Frame(NamedTuple):
    """One line of a trace."""

    filename: str
    line: int
    name: str


class Hang(NamedTuple):
    """What is known of an attempt that made no progress: for how long (h:mm:ss), and where it hung, innermost frame first."""

    silent: str
    trace: str
    frames: tuple[Frame, ...]


@contextmanager
def watched(minutes: float | None, log: TextIO) -> Iterator[Callable[[], None]]:
    """Yield what reports progress; without a report for `minutes` this process writes where it is to `log`, and ends.

    None never ends it. The process dies at once, with exit code 1: nothing that it has open is flushed or given back.
    """
    if minutes is None:
        yield lambda: None
        return
    seconds = 60.0 * minutes

    def alive() -> None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=log)

    alive()
    try:
        yield alive
    finally:
        faulthandler.cancel_dump_traceback_later()


def hang_in(log: Path) -> Hang | None:
    """How the attempt with this log hung; None where it did not end by the timer."""
    text = log.read_text(errors="replace") if log.exists() else ""
    found = list(_LAST_WORDS.finditer(text))
    if not found:
        return None
    trace = text[found[-1].start() :].strip()
    threads = [trace[start:stop] for start, stop in _spans(trace)]
    # Ray trains in a thread beside its own: the one that came through the worker is ours.
    ours = next((thread for thread in threads if "sweep/worker/pack_worker.py" in thread), trace)
    frames = tuple(Frame(match["file"], int(match["line"]), match["name"]) for match in _FRAME.finditer(ours))
    return Hang(found[-1]["silent"], trace, frames)


def _spans(trace: str) -> list[tuple[int, int]]:
    starts = [match.start() for match in _THREAD.finditer(trace)]
    return list(zip(starts, [*starts[1:], len(trace)], strict=True))
