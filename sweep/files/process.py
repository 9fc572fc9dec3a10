"""Telling whether a process that wrote its name into a file is still the one alive.

A pid alone is not enough: pids are reused, and mean nothing on another machine or in another container. So a process is
named by its machine (boot and pid namespace), its pid and the moment the kernel started it.
"""

from __future__ import annotations

import os
import signal
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
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """The process that has this pid now, on this machine."""
        return cls(socket.gethostname(), _machine(), pid, _start_tick(pid))

    def name(self) -> str:
        """The name of its program, or nothing where it is gone; only to be asked where `is_local`."""
        try:
            return Path(f"/proc/{self.pid}/comm").read_text().strip()
        except OSError:
            return ""

    def is_local(self) -> bool:
        """Whether it runs, or ran, where this process can see it."""
        return self.machine == _machine()

    def is_alive(self) -> bool:
        """Whether it still runs; only to be asked where `is_local`."""
        return _exists(self.pid) and _start_tick(self.pid) == self.started

    def is_stopped(self) -> bool:
        """Whether it is there and stopped (SIGSTOP, Ctrl-Z); only to be asked where `is_local`."""
        return self.is_alive() and (_stat(self.pid) or [""])[0] == "T"

    def kill(self) -> bool:
        """End it, and no other that has its pid by now; False where it is gone or not ours to end. Where `is_local`."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        except OSError:
            return False
        finally:
            os.close(handle)
        return True


def holders(path: Path) -> tuple[ProcessIdentity, ...]:
    """The processes of this machine that have a file locked, as far as the kernel lists them."""
    try:
        inode, locks = path.stat().st_ino, Path("/proc/locks").read_text().splitlines()
    except OSError:
        return ()
    # "3: FLOCK  ADVISORY  READ  4711 08:01:131090 0 EOF"; who waits for one has an arrow in front.
    held = (words for line in locks if (words := line.split())[1] == "FLOCK" and words[5].endswith(f":{inode}"))
    return tuple(ProcessIdentity.of(pid) for words in held if (pid := int(words[4])) > 0)


def children() -> tuple[ProcessIdentity, ...]:
    """The processes that this one started; none where there is no /proc."""
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return tuple(ProcessIdentity.of(pid) for pid in pids if (fields := _stat(pid)) and int(fields[1]) == os.getpid())


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
    """When the kernel started it; a zombie counts as gone, for it will never write again."""
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[19])


def _stat(pid: int) -> list[str] | None:
    """/proc/<pid>/stat from its third field, the state, on; None where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
