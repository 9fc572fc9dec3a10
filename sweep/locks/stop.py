"""Every way in which a launch is told to stop: a signal, a file in the sweep's directory, or the loss of its lease.

Any process that sees the sweep's directory may write the file. So `recipe-sweep cancel` need not run on the launch's machine,
and the launch ends as by Ctrl-C. Its workers look for the same file.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import LeaseRecord, holds, live_launch

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


def told_to_stop(settings: LaunchSettings) -> bool:
    """Whether this launch was asked to stop, is dead, or was superseded: what everything that works for it asks."""
    return settings.paths.stop_file(settings.epoch).exists() or not holds(settings.paths.lease, settings.epoch)


@dataclass
class StopRequests:
    """How often the user, or the machine, has asked this launch to stop, and the file by which packs learn of it."""

    count: int = 0
    stop_file: Path | None = None

    def begin_epoch(self, paths: SweepPaths, epoch: int) -> None:
        """Take the file of this epoch from now on; a launch has a new epoch each time that Ray died under it."""
        self.stop_file = paths.stop_file(epoch)

    def ask(self, *_: object) -> None:
        """Take note; a signal handler."""
        self.count += 1
        self.pass_on()

    def pass_on(self) -> None:
        """Write the file, once more: a signal may have come before the file had a name."""
        if self.stop_file is not None:
            self.stop_file.touch()

    def listen(self) -> int:
        """How often it was asked by now; a stop file that somebody else wrote (`recipe-sweep cancel`) is asking once."""
        if not self.count and self.stop_file is not None and self.stop_file.exists():
            self.count = 1
        return self.count


@contextmanager
def stop_signals() -> Iterator[StopRequests]:
    """Count SIGINT and SIGTERM instead of dying of them."""
    asked = StopRequests()

    before = {number: signal.signal(number, asked.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
