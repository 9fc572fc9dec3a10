"""What a command costs with every process that it starts: wall seconds, CPU-seconds and memory, by kind of process.

A launch is a tree of processes: engine, Ray's servers, workers, the MLflow writer. Some of them outlive their parents, and no
parent waits for them. So the tree is read from /proc five times a second. What a process uses after it was last seen (at most a
fifth of a second) is missed.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

EVERY_S = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")
_KINDS = (
    ("ray::Gate", "gate"),
    ("ray::", "workers"),
    ("multiprocessing", "workers"),
    ("default_worker", "workers"),
    ("recipe_sweep.sweep.launch.ray_engine", "engine"),
    ("recipe_sweep.sweep.tracking.writer_process", "mlflow"),
    ("recipe_sweep.sweep.cli.main", "launch"),
    ("dashboard", "ray agents"),
    ("runtime_env/agent", "ray agents"),
    ("monitor.py", "ray agents"),
    ("raylet", "ray servers"),
    ("gcs_server", "ray servers"),
    ("ray/", "ray servers"),
)
"""Texts in command lines, and the kind of process that each stands for; the first text that is found counts."""


@dataclass(frozen=True)
class Spent:
    """What one command cost. `peak_bytes` is the resident memory of each kind's largest process."""

    wall_s: float
    cpu_s: float
    cpu_by_kind: Mapping[str, float]
    peak_bytes: Mapping[str, int]
    output: str = field(repr=False)
    appeared_s: float | None = None
    """Wall seconds until the awaited file was there; None if none was awaited or none came"""


def run(command: Sequence[str], environment: Mapping[str, str], appears: tuple[Path, str] | None = None) -> Spent:
    """Run a command to its end and watch its tree. Raises SystemExit with its output if it fails.

    `appears` is a folder and a pattern: it is noted when the first file there appears.
    """
    appeared: float | None = None
    with tempfile.TemporaryFile("w+") as written:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=written, stderr=written, env=dict(os.environ) | dict(environment))
        tree = _Tree(process.pid)
        while process.poll() is None:
            tree.look()
            if appears is not None and appeared is None and any(appears[0].glob(appears[1])):
                appeared = time.monotonic() - began
            time.sleep(EVERY_S)
        wall = time.monotonic() - began
        written.seek(0)
        output = written.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return replace(tree.spent(wall, output), appeared_s=appeared)


class _Tree:
    """A process and all its descendants, orphaned ones included."""

    def __init__(self, root: int) -> None:
        self._known = {root}
        self._cpu: dict[tuple[int, int], float] = {}
        self._peak: dict[tuple[int, int], int] = {}
        self._kind: dict[tuple[int, int], str] = {}

    def look(self) -> None:
        everything = {pid: stat for pid in _pids() if (stat := _stat(pid)) is not None}
        grown = True
        while grown:
            children = {pid for pid, stat in everything.items() if int(stat[1]) in self._known} - self._known
            self._known |= children
            grown = bool(children)
        for pid in self._known & everything.keys():
            stat = everything[pid]
            key = (pid, int(stat[19]))
            self._cpu[key] = (int(stat[11]) + int(stat[12])) / _TICKS
            self._peak[key] = max(self._peak.get(key, 0), int(stat[21]) * os.sysconf("SC_PAGE_SIZE"))
            # A worker of Ray changes its name after it has started.
            self._kind[key] = _kind(pid) or self._kind.get(key, "other")

    def spent(self, wall_s: float, output: str) -> Spent:
        cpu: dict[str, float] = defaultdict(float)
        peak: dict[str, int] = defaultdict(int)
        for key, kind in self._kind.items():
            cpu[kind] += self._cpu[key]
            peak[kind] = max(peak[kind], self._peak[key])
        return Spent(wall_s, sum(cpu.values()), dict(cpu), dict(peak), output)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _stat(pid: int) -> list[str] | None:
    """Read /proc/<pid>/stat from its third field on; None if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _kind(pid: int) -> str | None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    return next((kind for text, kind in _KINDS if text in command), None)
