"""Recognises whether the process that wrote its name into a file is still alive.

A pid alone is not enough. Pids are reused, and mean nothing on another machine or in another container. So the name of a
process has three parts: its machine (boot and pid namespace), its pid and the moment when the kernel started it.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, different from every other on any machine at any time.

    `started` is the kernel's start tick, or None if the system does not tell it.
    """

    host: str
    machine: str
    pid: int
    started: int | None

    @classmethod
    def of_this_process(cls) -> ProcessIdentity:
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Identify the process that has this pid now, on this machine."""
        return cls(socket.gethostname(), _machine(), pid, _start_tick(pid))

    def name(self) -> str:
        """Return the name of its program; empty if the process is gone. Ask this only if `is_local`."""
        try:
            return Path(f"/proc/{self.pid}/comm").read_text().strip()
        except OSError:
            return ""

    def is_local(self) -> bool:
        """Say whether it runs, or ran, where this process can see it."""
        return self.machine == _machine()

    def is_alive(self) -> bool:
        """Say whether it still runs. Ask this only if `is_local`."""
        return _exists(self.pid) and _start_tick(self.pid) == self.started

    def is_stopped(self) -> bool:
        """Say whether it exists and is stopped (SIGSTOP, Ctrl-Z). Ask this only if `is_local`."""
        return self.is_alive() and (_stat(self.pid) or [""])[0] == "T"

    def kill(self) -> bool:
        """Kill it; False if it is gone or this user may not kill it. Use this only if `is_local`.

        Another process that has its pid by now is not killed.
        """
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
    """List the processes of this machine that hold a lock on a file, as far as the kernel lists them."""
    try:
        inode, locks = path.stat().st_ino, Path("/proc/locks").read_text().splitlines()
    except OSError:
        return ()
    # "3: FLOCK  ADVISORY  READ  4711 08:01:131090 0 EOF". An arrow in front marks a waiting process.
    held = (words for line in locks if (words := line.split())[1] == "FLOCK" and words[5].endswith(f":{inode}"))
    return tuple(ProcessIdentity.of(pid) for words in held if (pid := int(words[4])) > 0)


def children() -> tuple[ProcessIdentity, ...]:
    """List the processes that this one started; none if there is no /proc."""
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return tuple(ProcessIdentity.of(pid) for pid in pids if (fields := _stat(pid)) and int(fields[1]) == os.getpid())


def _machine() -> str:
    """Name this boot of this machine, and the namespace in which its pids are unique."""
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
    """Return when the kernel started it. A zombie counts as gone, because it will never write again."""
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[19])


def _stat(pid: int) -> list[str] | None:
    """Read /proc/<pid>/stat, from its third field (the state) on; None if there is no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
