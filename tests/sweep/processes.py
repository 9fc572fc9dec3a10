"""Watching and killing the processes of a launch that a test started itself, and only these."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from tests.checkout import ROOT

PATIENCE_S = 180.0


class Process(NamedTuple):
    """A process and what it is."""

    pid: int
    parent: int
    command: str


class CommandProcess:
    """`recipe-sweep` with these words, as a child of the test; what it prints is appended to `output`."""

    def __init__(self, words: Sequence[str], home: Path, output: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.words, self.output = tuple(words), output
        self._start([str(Path(sys.executable).with_name("recipe-sweep")), *words], home, environment)

    def _start(self, command: list[str], home: Path, environment: Mapping[str, str]) -> None:
        self._output = self.output.open("ab")
        self._popen = subprocess.Popen(command, cwd=home, env=environment, stdout=self._output, stderr=self._output)
        self.pid = self._popen.pid

    def descendants(self) -> list[Process]:
        """Every process that comes from this launch."""
        return descendants_of(self.pid)

    def named(self, part: str) -> list[Process]:
        """Its descendants whose command line holds `part`."""
        return [process for process in self.descendants() if part in process.command]

    def kill(self, *processes: Process, number: int = signal.SIGKILL) -> None:
        """Signal descendants of this launch."""
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def signal(self, number: int) -> None:
        """Signal the launch itself."""
        self._popen.send_signal(number)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._popen.poll() is not None

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Wait for its end; returns the exit code, negative for a signal."""
        return self._popen.wait(patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind, however the test ended."""
        self.kill(*self.descendants())
        self._popen.kill()
        self._popen.wait()
        self._output.close()


class LaunchProcess(CommandProcess):
    """`tests.sweep.driver` as a child of the test."""

    def __init__(self, sweep: Path, data: Path, grid: dict[str, object], **resources: object) -> None:
        options = json.dumps({"grid": grid, "resources": resources})
        self.words, self.output = ("driver",), data / "driver.log"
        self._start([sys.executable, "-m", "tests.sweep.driver", str(sweep), str(data), options], ROOT, os.environ)


def descendants_of(pid: int) -> list[Process]:
    """Every process that comes from this one."""
    everything = _everything()
    found, frontier = [], {pid}
    while frontier:
        young = [process for process in everything if process.parent in frontier]
        found += young
        frontier = {process.pid for process in young}
    return found


def wait_until(happened: Callable[[], object]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def alive(process: Process) -> bool:
    """Whether that very process is still there."""
    return any(other.pid == process.pid and other.command == process.command for other in _everything())


def _everything() -> list[Process]:
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if fields[0] != "Z":
                processes.append(Process(int(entry.name), int(fields[1]), command))
    return processes
