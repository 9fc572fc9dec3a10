"""Mends `time.sleep`, which libfaketime spoils. Python imports this when it starts on a machine whose clock is wrong."""

import select
import time


def _sleep(seconds: float) -> None:
    """Wait by a call that is not told a moment, but how long."""
    select.select([], [], [], seconds)


time.sleep = _sleep
