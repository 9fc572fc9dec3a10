"""Signs of life of a launch on another machine: a file that the launch touches every few seconds.

The clocks of two machines may differ. A clock may also be set by hours while a sweep runs. Then a fresh heartbeat looks old, or
an old one looks fresh.

So decisions do not depend on the age of the file. A launch is alive if its file *changes* while our own monotonic clock runs.
Nobody can set that clock. The age of the file is only shown to users.
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
    """Touches a heartbeat file until it is stopped. `file` returns the path, because the path changes with the epoch.

    It keeps trying when the disk is full or not reachable. `tell` is called once when that begins, and once when it ends.
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
                        f"this launch cannot write its heartbeat ({error}) and keeps trying; "
                        f"after {STALE_S:.0f} s without one, other machines and its workers there assume that it is dead"
                    )
                failing = True
            else:
                if failing:
                    self._say("this launch writes its heartbeat again")
                failing = False

    def _say(self, text: str) -> None:
        with suppress(OSError):  # Writing to the terminal or log may fail, too, because the disk is full.
            self._tell(text)


def seems_fresh(file: Path) -> bool:
    """Say whether the file was touched lately, by the clock of its own file system.

    This is one look at its age, which is good enough to show.
    """
    touched_ns = _touched_ns(file)
    if touched_ns is None:
        return False
    return abs(_now_ns(file.with_name("now")) - touched_ns) < STALE_S * 1e9


def is_touched(file: Path, within_s: float) -> bool:
    """Wait for the file to be touched; False if that does not happen in time."""
    before, deadline = _touched_ns(file), time.monotonic() + within_s
    while _touched_ns(file) == before:
        if time.monotonic() > deadline:
            return False
        time.sleep(min(0.5, within_s / 10))
    return True


def is_beating(file: Path) -> bool:
    """Say whether the file changed within the last minute, as far as this process has seen. Call it repeatedly."""
    return _pulse(file).is_beating()


class _Pulse:
    """A heartbeat as one process sees it. It counts as alive when it is first seen."""

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
    except OSError:  # Users may look at a sweep on a read-only disk.
        return time.time_ns()


def _touched_ns(file: Path) -> int | None:
    """Read when the file was last touched.

    The file is opened, because NFS answers from its cache for a file that is not open.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # It may be a FIFO.
    except OSError:
        return None
    try:
        return os.fstat(descriptor).st_mtime_ns
    finally:
        os.close(descriptor)
