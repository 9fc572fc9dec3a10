"""What every worker is doing right now, so that it can be killed while it does it: one small file for each try at a pack.

A worker writes in place, in one system call, and the file outlives it. So whatever it was doing when it died is still to be
read, and how far it was: what a later try does again is counted by these numbers and not by the sweep's own.
"""

from __future__ import annotations

import os
import time
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

_LENGTH = 64
_NOT_YET = -1


class Phase(StrEnum):
    """What a worker does with a pack, in this order, the middle three again and again."""

    START = "start"
    STEP = "step"
    EVALUATION = "evaluation"
    CHECKPOINT = "checkpoint"
    PUBLISH = "publish"


class Moment(NamedTuple):
    """One try at a pack as it is, or as it ended: the steps it resumed from, has a complete checkpoint of, and is at."""

    pack_id: str
    began_ns: int
    pid: int
    phase: Phase
    resumed: int
    saved: int
    step: int

    @property
    def trained(self) -> bool:
        """Whether it came as far as to know the step from which it goes on."""
        return self.resumed != _NOT_YET


class Teller:
    """A worker's pen."""

    def __init__(self, folder: Path, pack_id: str) -> None:
        folder.mkdir(exist_ok=True)
        path = folder / f"{pack_id}.{time.monotonic_ns()}.{os.getpid()}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT)
        self._phase = Phase.START
        self._resumed = self._saved = self._step = _NOT_YET
        self.say(Phase.START)

    def say(self, phase: Phase) -> None:
        """Say what begins now."""
        self._phase = phase
        text = f"{phase} {self._resumed} {self._saved} {self._step}"
        os.pwrite(self._file, text.ljust(_LENGTH).encode(), 0)

    def at(self, step: int) -> None:
        """Say which step was reached; the first one said is the one that was resumed from."""
        self._step = step
        self._resumed = step if self._resumed == _NOT_YET else self._resumed
        self.say(self._phase if self._phase is not Phase.START else Phase.STEP)

    def saved(self, step: int) -> None:
        """Say that the checkpoint of a step is complete."""
        self._saved = step
        self.say(Phase.STEP)

    def close(self) -> None:
        os.close(self._file)


def read_moments(folder: Path) -> list[Moment]:
    """Every try at every pack, in the order in which they began."""
    return [moment for name in _names(folder) if (moment := _read(folder / name)) is not None]


def newest_moments(folder: Path, since_ns: int) -> list[Moment]:
    """The newest try of every worker that began after a time (of the monotonic clock), whether it still lives or not."""
    of_worker = {name.split(".")[2]: name for name in _names(folder) if int(name.split(".")[1]) > since_ns}
    return [moment for name in of_worker.values() if (moment := _read(folder / name)) is not None]


def again(folder: Path, moment: Moment) -> Moment:
    """What the same try has come to."""
    now = _read(folder / f"{moment.pack_id}.{moment.began_ns}.{moment.pid}")
    assert now is not None
    return now


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder), key=lambda name: int(name.split(".")[1])) if folder.exists() else []


def _read(path: Path) -> Moment | None:
    """None where it is just being created."""
    words = path.read_text().split()
    if not words:
        return None
    pack_id, began_ns, pid = path.name.split(".")
    phase, resumed, saved, step = words
    return Moment(pack_id, int(began_ns), int(pid), Phase(phase), int(resumed), int(saved), int(step))
