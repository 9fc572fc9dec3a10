"""Telling whether a process that wrote its name into a file is still the one alive.

A pid alone is not enough: pids are reused, and mean nothing on another machine or in another container. So a process is
named by its machine (boot and pid namespace), its pid and the moment the kernel started it.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, anywhere, ever. `started` is the kernel's start tick, or None where the system does not tell."""

    host: str
    machine: str
    pid: int
    started: int | None

    @classmethod
    def of_this_process(cls) -> ProcessIdentity:
        return cls(socket.gethostname(), _machine(), os.getpid(), _start_tick(os.getpid()))

    def is_local(self) -> bool:
        """Whether it runs, or ran, where this process can see it."""
        return self.machine == _machine()

    def is_alive(self) -> bool:
        """Whether it still runs; only to be asked where `is_local`."""
        return _exists(self.pid) and _start_tick(self.pid) == self.started


def _machine() -> str:
    """This boot of this machine, and the namespace in which its pids mean something."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return socket.gethostname()
    return f"{boot.read_text().strip()}/{os.readlink('/proc/self/ns/pid')}"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_tick(pid: int) -> int | None:
    """Field 22 of /proc/<pid>/stat; a zombie counts as gone, for it will never write again."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
