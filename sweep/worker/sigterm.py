"""Hearing that this process is to end: SIGTERM, which a container's runtime sends some seconds before SIGKILL.

Ray trains in a thread beside its own, and Python lets only the main thread handle signals. `faulthandler` takes one in any
thread: the trace that it writes, into a pipe, is the sign.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def told_to_end(listen: bool, tell: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Yield what says whether this process has had SIGTERM; `tell` hears of it once. Never, where it is not to `listen`.

    A process that had it gets it again in the end, and dies of it as it would have at first.
    """
    if not listen:
        yield lambda: False
        return
    sign, pen = os.pipe()
    os.set_blocking(pen, False)  # Whoever sends it a hundred times fills the pipe.
    said = False

    def told() -> bool:
        nonlocal said
        heard = bool(select.select([sign], [], [], 0.0)[0])
        if heard and not said:
            said = True
            tell("told to end (SIGTERM)")
        return heard

    faulthandler.register(signal.SIGTERM, file=pen, all_threads=False)
    try:
        yield told
    finally:
        faulthandler.unregister(signal.SIGTERM)
        heard = bool(select.select([sign], [], [], 0.0)[0])
        os.close(sign)
        os.close(pen)
        if heard:
            os.kill(os.getpid(), signal.SIGTERM)
