"""Signs of life of a launch on another machine: a file that it touches every few seconds.

The clocks of two machines need not agree, and the time of day may be set by hours while a sweep runs: then a fresh
heartbeat looks old, or an old one fresh. So whatever depends on whether a launch is alive goes by whether its file
*changes* while our own monotonic clock runs, which nobody can set. Only what is merely shown goes by a glance at its age.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

BEAT_S = 5.0
STALE_S = 60.0
LISTEN_S = 4 * BEAT_S


class Heart:
    """Touches a heartbeat file until it is stopped; `file` tells which, for it changes with the epoch.

    A disk that is full or away is no reason to stop trying. `tell` hears of it once, and once more when it is over.
    """

    def __init__(self, file: Callable[[], Path], tell: Callable[[str], None]) -> None:
        self._file, self._tell = file, tell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        failing = False
        while not self._over.wait(BEAT_S):
            try:
                self._file().touch()
            except OSError as error:
                if not failing:
                    self._say(
                        f"this launch cannot give a sign of life ({error}) and goes on trying; after {STALE_S:.0f} s without, "
                        "other machines take it for dead, its own workers there included"
                    )
                failing = True
            else:
                if failing:
                    self._say("this launch gives signs of life again")
                failing = False

    def _say(self, text: str) -> None:
        with suppress(OSError):  # The screen may be as full as the disk.
            self._tell(text)


def seems_fresh(file: Path) -> bool:
    """Whether it was touched lately, at a glance and by the clock of its own file system; good enough to be shown."""
    touched_ns = _touched_ns(file)
    if touched_ns is None:
        return False
    return abs(_now_ns(file.with_name("now")) - touched_ns) < STALE_S * 1e9


def is_touched(file: Path, within_s: float) -> bool:
    """Wait for the file to be touched; False where it was not in that time."""
    before, deadline = _touched_ns(file), time.monotonic() + within_s
    while _touched_ns(file) == before:
        if time.monotonic() > deadline:
            return False
        time.sleep(min(0.5, within_s / 10))
    return True


def is_beating(file: Path) -> bool:
    """Whether it changed within the last minute, as far as this process has looked; to be asked again and again."""
    return _pulse(file).is_beating()


class _Pulse:
    """A heartbeat as one process sees it; it is taken to be alive when first seen."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._touched_ns, self._at = _touched_ns(file), time.monotonic()

    def is_beating(self) -> bool:
        touched_ns, now = _touched_ns(self._file), time.monotonic()
        if touched_ns != self._touched_ns:
            self._touched_ns, self._at = touched_ns, now
        return now - self._at < STALE_S


_pulse = cache(_Pulse)


def _now_ns(file: Path) -> int:
    try:
        file.touch()
        return file.stat().st_mtime_ns
    except OSError:  # A sweep on a disk that may only be read is looked at as well.
        return time.time_ns()


def _touched_ns(file: Path) -> int | None:
    """When it was last touched; opened for that, because NFS answers for a file that is not open from memory."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # What lies there may be a FIFO.
    except OSError:
        return None
    try:
        return os.fstat(descriptor).st_mtime_ns
    finally:
        os.close(descriptor)
