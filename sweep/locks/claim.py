"""One process per pack, because two processes must never write into one checkpoint directory.

A worker locks its pack's claim and writes its name into it. The kernel drops the lock of a process that dies, so a killed
process leaves no lock behind. A worker that outlives its launch notices that within a step, and ends.

A stopped process (SIGSTOP, Ctrl-Z) keeps its lock. It could never publish, because its launch is over. On this machine it is
killed. On another machine the user must end it, and `status` says so.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.kinds import CLAIM
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.files.reading import check_regular, read_json

PATIENCE_S = 10.0
"""Seconds that a process waits for another one that is stopped."""


@dataclass(frozen=True)
class Claimant:
    """The process that has, or had, a pack, and the epoch of its launch.

    A worker that shares no directory with the sweep has a `token`, and the launch holds the lock for it. `node` is the id that
    Ray gave to its machine.
    """

    epoch: int
    process: ProcessIdentity
    token: str | None = None
    node: str | None = None


class ClaimFile:
    """A pack's claim, opened by a process that wants it. Closing it gives it back."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            check_regular(path, CLAIM)
        self._path, self._file = path, path.open("a+")
        self._waits_since = time.monotonic()
        self.killed: Claimant | None = None
        """The stopped process that was killed to get the claim"""

    def take(self, claimant: Claimant) -> bool:
        """Lock the claim and write this name into it; False if another process has it now.

        If this is asked for longer than PATIENCE_S, a stopped process of this machine that has it is killed.
        """
        if not _lock(self._file, fcntl.LOCK_EX):
            self._end_a_stopped_one()
            return False
        self._file.truncate(0)
        json.dump(asdict(claimant), self._file)
        self._file.flush()
        return True

    def give_back(self) -> None:
        """Remove the name from the claim, so that nobody can take it up again, and close it. Call it only if it is locked."""
        self._file.truncate(0)
        self.close()

    def close(self) -> None:
        """Close the claim, which gives the lock back."""
        self._file.close()

    def _end_a_stopped_one(self) -> None:
        holder = read_claimant(self._path)
        if holder is None or not (holder.process.is_local() and holder.process.is_stopped()):
            self._waits_since = time.monotonic()
        elif time.monotonic() - self._waits_since > PATIENCE_S and holder.process.kill():
            self.killed = holder


@dataclass(frozen=True)
class Claim:
    """Whether the pack is ours, and which process was killed to get it."""

    ours: bool
    killed: Claimant | None = None


@contextmanager
def claimed(paths: SweepPaths, pack_id: str, epoch: int, give_up: Callable[[], bool]) -> Iterator[Claim]:
    """Claim a pack, so that only this process works on it.

    It waits for a leftover process to end, until `give_up` returns True.
    """
    claimant = Claimant(epoch, ProcessIdentity.of_this_process())
    with closing(ClaimFile(paths.pack_claim(pack_id))) as file:
        while not (ours := file.take(claimant)) and not give_up():
            time.sleep(0.1)
        yield Claim(ours, file.killed)


def leftover(paths: SweepPaths, pack_id: str, epoch: int) -> Claimant | None:
    """Find the process of a launch before `epoch` that still has a pack; None if there is none."""
    path = paths.pack_claim(pack_id)
    try:
        check_regular(path, CLAIM)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None
    with path.open() as file:
        if _lock(file, fcntl.LOCK_SH):
            return None
    holder = read_claimant(path)
    if holder is None or holder.epoch >= epoch or (holder.process.is_local() and not holder.process.is_alive()):
        return None  # A dead process: the next one has locked the file, and has not written its own name yet.
    return holder


def _lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_claimant(path: Path) -> Claimant | None:
    """Read which process has a locked claim; None during the moment before it is written."""
    try:
        return read_json(path, Claimant, CLAIM)
    except (FileNotFoundError, DamagedFileError):
        return None
