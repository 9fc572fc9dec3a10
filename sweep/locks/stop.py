"""Asking the launch that is at work on a sweep to stop, from any process that sees the sweep's directory.

It is asked by the file that its packs look for anyway. So it need not run on this machine, and it ends as by Ctrl-C.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import LeaseRecord, live_launch

POLL_S = 0.5
TELL_EVERY_S = 5.0


def ask_to_stop(paths: SweepPaths, launch: LeaseRecord) -> None:
    """Ask a launch to let its packs write their checkpoints and to end; once or often."""
    stop = paths.stop_file(launch.epoch)
    stop.parent.mkdir(exist_ok=True)
    stop.touch()


def wait_for_end(paths: SweepPaths, launch: LeaseRecord, tell: Callable[[float], None]) -> None:
    """Wait until a launch that was asked is gone; `tell` hears now and then for how many seconds it took so far.

    It may meanwhile have moved to a new epoch, because Ray died under it: then it is asked again.
    """
    began = told = time.monotonic()
    while (now := live_launch(paths.lease)) is not None and now.process == launch.process:
        ask_to_stop(paths, now)
        if time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            tell(told - began)
        time.sleep(POLL_S)
