"""Notices that this process must end: SIGTERM, which a container's runtime sends some seconds before SIGKILL.

Ray trains in another thread, and Python lets only the main thread handle signals. `faulthandler` handles a signal in any
thread: it writes a trace into a pipe, and that is the sign.
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
    """Yield a function that says whether SIGTERM came. `tell` is called once if it did. Without `listen` it never does.

    At the end the process sends SIGTERM to itself again, so that it dies of the signal as usual.
    """
    if not listen:
        yield lambda: False
        return
    sign, pen = os.pipe()
    os.set_blocking(pen, False)  # A hundred signals would fill the pipe.
    said = False

    def told() -> bool:
        nonlocal said
        heard = bool(select.select([sign], [], [], 0.0)[0])
        if heard and not said:
            said = True
            tell("asked to end (SIGTERM)")
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
