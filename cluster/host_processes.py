"""Ends the processes of one cluster on this host, and no others: `python -m recipe_sweep.cluster.host_processes MARK`.

`ray stop` would end every Ray of the user, also one that has nothing to do with the sweep. Here a process belongs to a cluster
if its environment has the cluster's mark. So do those that such a process started, because Ray's workers overwrite theirs.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

VARIABLE = "RECIPE_SWEEP_CLUSTER"
"""The environment variable with the mark."""
PATIENCE_S = 120.0
"""How long a launch may take to have its packs write their checkpoints."""
DEATH_S = 20.0

_PROC = Path("/proc")


class Process(NamedTuple):
    """A process of this user."""

    pid: int
    parent: int
    command: tuple[str, ...]
    marked: bool

    @property
    def is_launch(self) -> bool:
        """Whether this is the launch, which stops its packs in good order when it is asked to."""
        return "launch" in self.command and any(word.endswith("/recipe-sweep") for word in self.command)


def end_cluster(mark: str) -> int:
    """Ask the launch to stop, then kill what is left. Return how many processes are still there."""
    launches = [process.pid for process in of_cluster(mark) if process.is_launch]
    for pid in launches:
        _signal(pid, signal.SIGTERM)
    _wait(lambda: not _alive(launches), PATIENCE_S)
    found = {process.pid for process in of_cluster(mark)}
    for pid in found:
        _signal(pid, signal.SIGKILL)
    _wait(lambda: not _alive(found), DEATH_S)
    return len(_alive(found))


def of_cluster(mark: str) -> list[Process]:
    """Find the processes of a cluster, but for this one and those that started it."""
    everyone = _processes(mark)
    spared = _line_of(os.getpid(), everyone)
    found = {pid for pid, process in everyone.items() if process.marked}
    while more := {pid for pid, process in everyone.items() if process.parent in found and pid not in found}:
        found |= more
    return [everyone[pid] for pid in sorted(found - spared)]


def _line_of(pid: int, everyone: Mapping[int, Process]) -> set[int]:
    line = set()
    while pid in everyone and pid not in line:
        line.add(pid)
        pid = everyone[pid].parent
    return line


def _processes(mark: str) -> dict[int, Process]:
    wanted = f"{VARIABLE}={mark}".encode()
    return {
        process.pid: process
        for entry in _PROC.glob("[0-9]*")
        if (process := _read(entry, wanted)) is not None and process.pid != 1
    }


def _read(entry: Path, wanted: bytes) -> Process | None:
    """Read one process; None if it has ended, or is another user's."""
    try:
        if entry.stat().st_uid != os.getuid():
            return None
        state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
        command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        marked = wanted in (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return None if state == b"Z" else Process(int(entry.name), int(parent), tuple(command), marked)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _alive(pids: Collection[int]) -> list[int]:
    return [pid for pid in pids if _read(_PROC / str(pid), b"") is not None]


def _wait(until: Callable[[], bool], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not until() and time.monotonic() < deadline:
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(1 if end_cluster(sys.argv[1]) else 0)
