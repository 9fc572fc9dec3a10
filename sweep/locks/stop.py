"""Every way in which a launch is told to stop: a signal, a file in the sweep's directory, or the loss of its lease.

Any process that sees the sweep's directory may write the file. So `recipe-sweep cancel` also works from another machine. The
launch then ends as after Ctrl-C. Its workers look for the same file.
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
    """Ask a launch to let its packs write their checkpoints and to end. Asking again does no harm."""
    stop = paths.stop_file(launch.epoch)
    stop.parent.mkdir(exist_ok=True)
    stop.touch()


def is_asked_to_stop(paths: SweepPaths, epoch: int) -> bool:
    """Say whether a launch was asked to stop. It may still be writing checkpoints."""
    return paths.stop_file(epoch).exists()


def leave_on_signals(tell: Callable[[int], None]) -> None:
    """Call `tell` with the number of each signal by which Slurm says that this process has to leave.

    SIGUSR1 says that the time limit is near, the others that somebody ends the process.
    """
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda told, _: tell(told))


def wait_for_end(paths: SweepPaths, launch: LeaseRecord, tell: Callable[[float], None]) -> None:
    """Wait until a launch that was asked to stop has ended.

    `tell` is called now and then with the seconds so far. If Ray died, the launch may have moved to a new epoch. Then it is
    asked again.
    """
    began = told = time.monotonic()
    while (now := live_launch(paths.lease)) is not None and now.process == launch.process:
        ask_to_stop(paths, now)
        if time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            tell(told - began)
        time.sleep(POLL_S)


def told_to_stop(settings: LaunchSettings) -> bool:
    """Say whether this launch was asked to stop, is dead, or was superseded. Everything that works for the launch asks this."""
    return settings.paths.stop_file(settings.epoch).exists() or not holds(settings.paths.lease, settings.epoch)


@dataclass
class StopRequests:
    """How often this launch was asked to stop, by the user or the machine.

    `stop_file` tells the packs.
    """

    count: int = 0
    stop_file: Path | None = None

    def begin_epoch(self, paths: SweepPaths, epoch: int) -> None:
        """Use the file of this epoch from now on. A launch moves to a new epoch each time Ray died under it."""
        self.stop_file = paths.stop_file(epoch)

    def ask(self, *_: object) -> None:
        """Count a request. This is a signal handler."""
        self.count += 1
        self.pass_on()

    def pass_on(self) -> None:
        """Write the stop file, even if it was written before. A signal may have come before the file had a name."""
        if self.stop_file is not None:
            self.stop_file.touch()

    def listen(self) -> int:
        """Return how often it was asked so far.

        A stop file from another process (`recipe-sweep cancel`) counts as one request.
        """
        if not self.count and self.stop_file is not None and self.stop_file.exists():
            self.count = 1
        return self.count


@contextmanager
def stop_signals() -> Iterator[StopRequests]:
    """Count SIGINT and SIGTERM instead of ending by them."""
    asked = StopRequests()

    before = {number: signal.signal(number, asked.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
