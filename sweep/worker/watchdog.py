"""Ending a worker that makes no progress, so that its pack is tried again instead of holding a slot for ever.

The trainer reports progress about once a second, between the steps of training and of an evaluation alike; each report
winds a timer up again. The timer is `faulthandler`'s: a thread in C, which needs no lock of the interpreter and looks at no
clock that can be set, so that it also ends a process whose native code never returns. A thread of our own that beat while
training hangs would prove nothing.

What it leaves is the trace of where training hung, in the attempt's log; whoever tries the pack next finds it there.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


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
