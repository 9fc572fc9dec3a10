"""One process per pack: two must never write into one checkpoint directory.

A worker locks its pack's claim and writes its name into it. The kernel drops the lock of a process that dies, so a kill
cannot leave one behind; and one that outlived its launch notices within a step, and goes. Only a process that is stopped
(SIGSTOP, Ctrl-Z) does neither. It could never publish, its launch being over: where it can be reached it is killed. On
another machine it is for the user to do, and `status` says so.
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
"""How long a process may be stopped that another waits for."""


@dataclass(frozen=True)
class Claimant:
    """Who has, or had, a pack, and for which launch."""

    epoch: int
    process: ProcessIdentity


@dataclass(frozen=True)
class Claim:
    """Whether a pack is ours, and who was killed for it."""

    ours: bool
    killed: Claimant | None = None


@contextmanager
def claimed(paths: SweepPaths, pack_id: str, epoch: int, give_up: Callable[[], bool]) -> Iterator[Claim]:
    """Be the one process that works on a pack; waits for a leftover one to go, until `give_up`."""
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
    """The process of an earlier launch than `epoch` that still has a pack; None where there is none."""
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
        return None  # The last one in a moment when the next has locked it and is about to write its own name.
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
    """Who has a claim that is locked; None for the moment in which that is not written yet."""
    try:
        return read_json(path, Claimant, CLAIM)
    except (FileNotFoundError, DamagedFileError):
        return None
