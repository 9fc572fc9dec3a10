"""How an attempt hung: what the watchdog (sweep/worker/watchdog.py) wrote about it in the attempt's log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.kinds import LOG
from recipe_sweep.sweep.files.reading import read_log

_LAST_WORDS = re.compile(r"^Timeout \((?P<silent>[\d:.]+)\)!$", re.MULTILINE)
_THREAD = re.compile(r"^Thread 0x", re.MULTILINE)
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<name>.+)$', re.MULTILINE)
_WORKER_FILES = ("sweep/worker/pack_worker.py", "sweep/worker.py")
"""Files of a worker's own code. The second is in logs from the development of 0.1.0, which a later launch may read."""


class Frame(NamedTuple):
    """One line of a trace."""

    filename: str
    line: int
    name: str


class Hang(NamedTuple):
    """An attempt that made no progress: for how long (h:mm:ss), and where it hung, innermost frame first."""

    silent: str
    trace: str
    frames: tuple[Frame, ...]


def hang_in(log: Path) -> Hang | None:
    """Read how the attempt with this log hung; None if the timer did not end it."""
    try:
        text = read_log(log, LOG)
    except DamagedFileError:  # The command that shows the log reports the damage.
        return None
    found = list(_LAST_WORDS.finditer(text))
    if not found:
        return None
    trace = text[found[-1].start() :].strip()
    threads = [trace[start:stop] for start, stop in _spans(trace)]
    # Ray trains in a thread beside its own. Our thread has the worker's code in its trace.
    ours = next((thread for thread in threads if any(file in thread for file in _WORKER_FILES)), trace)
    frames = tuple(Frame(match["file"], int(match["line"]), match["name"]) for match in _FRAME.finditer(ours))
    return Hang(found[-1]["silent"], trace, frames)


def _spans(trace: str) -> list[tuple[int, int]]:
    starts = [match.start() for match in _THREAD.finditer(trace)]
    return list(zip(starts, [*starts[1:], len(trace)], strict=True))
