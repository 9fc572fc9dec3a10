"""Ends a worker that makes no progress. Its pack is then tried again and does not hold a slot forever.

The trainer reports progress about once a second, during training and during evaluations. Each report restarts a timer. The
timer is `faulthandler`'s, a thread in C. It needs no lock of the interpreter and no clock that can be set. So it also ends a
process whose native code never returns. A Python thread could beat while training hangs.

The attempt's log then has the trace of where training hung. The next attempt at the pack finds it there.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def watched(minutes: float | None, log: TextIO) -> Iterator[Callable[[], None]]:
    """Yield a function that reports progress. Without a report for `minutes` the process writes a trace to `log` and ends.

    With None it never does. The process dies at once with exit code 1, without flushing or closing anything.
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
