"""Numbers of laboratories, so that several can run side by side on one host."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LOCKS = Path("/run/recipe-sweep-lab")


def free_network() -> tuple[int, int]:
    """Find a number that no other laboratory of this host has. Return it with its lock, an open file."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    for number in range(1, 254):
        lock = os.open(LOCKS / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return number, lock
    raise AssertionError("253 laboratories run here already")
