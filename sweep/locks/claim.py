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
from contextlib import contextmanager, suppress
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
    """The process that has, or had, a pack, and the epoch of its launch."""

    epoch: int
    process: ProcessIdentity


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
    path = paths.pack_claim(pack_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        check_regular(path, CLAIM)
    with path.open("a+") as file:
        claim = _wait_for(file, path, give_up)
        if claim.ours:
            file.truncate(0)
            json.dump(asdict(Claimant(epoch, ProcessIdentity.of_this_process())), file)
            file.flush()
        yield claim


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
    holder = _read(path)
    if holder is None or holder.epoch >= epoch or (holder.process.is_local() and not holder.process.is_alive()):
        return None  # A dead process: the next one has locked the file, and has not written its own name yet.
    return holder


def _wait_for(file: TextIO, path: Path, give_up: Callable[[], bool]) -> Claim:
    killed, began = None, time.monotonic()
    while not _lock(file, fcntl.LOCK_EX):
        if give_up():
            return Claim(ours=False)
        holder = _read(path)
        if holder is None or not (holder.process.is_local() and holder.process.is_stopped()):
            began = time.monotonic()
        elif time.monotonic() - began > PATIENCE_S and holder.process.kill():
            killed = holder
        time.sleep(0.1)
    return Claim(ours=True, killed=killed)


def _lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> Claimant | None:
    """Read which process has a locked claim; None during the moment before it is written."""
    try:
        return read_json(path, Claimant, CLAIM)
    except (FileNotFoundError, DamagedFileError):
        return None
