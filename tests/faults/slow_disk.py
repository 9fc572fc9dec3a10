"""What the telling workloads share: the pen, and a disk on which writing takes long enough to be killed in the middle of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.faults.moments import Phase, Teller

FLUSH_S = 0.03
MOMENTS = "moments"
"""The folder in a sweep's directory."""

BROKEN = "broken"
"""A file in the data directory; while it is there every run fails."""


@cache
def slow_disk() -> None:
    """From now on every flush of this process takes a while, as on a busy disk."""
    flush = os.fsync

    def slowly(descriptor: int) -> None:
        time.sleep(FLUSH_S)
        flush(descriptor)

    os.fsync = slowly


@contextmanager
def telling(checkpoint_dir: Path) -> Iterator[Teller]:
    """The pen for one try at the pack with this checkpoint; once it is trained it is being published."""
    teller = Teller(checkpoint_dir.parent.parent / MOMENTS, checkpoint_dir.name)
    try:
        yield teller
        teller.say(Phase.PUBLISH)
    finally:
        teller.close()
