"""How this machine reaches the launch on a cluster: it runs a shell command there, and brings files from there.

`rsync` copies the sweep's directory. It sends only what is new, and replaces a file in one step.
"""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Command = tuple[str, ...]
"""A program and its arguments."""
EXIT_FILE = "launch.exit"
"""The file beside the grid on the cluster in which the launch leaves its exit code."""
LOG_FILE = "launch.log"


@dataclass(frozen=True)
class There:
    """What is on the machine of the launch: the directory of the sweep, and that of the files that were sent.

    `exit_file` is there after the launch has ended. `program` is our command line, as a shell of that machine finds it.
    """

    sweep: str
    sent: str
    exit_file: str = EXIT_FILE
    program: str = "recipe-sweep"


class Reach(ABC):
    """A way to the machine of the launch. `there` has absolute paths, or paths below the home directory."""

    def __init__(self, there: There) -> None:
        self.there = there

    def is_at(self, sweep: Path) -> bool:
        """Say whether this directory is the sweep's own there, and no copy of it."""
        return False

    @abstractmethod
    def run(self, shell: str) -> Command:
        """Return the command that runs a shell command there."""

    @abstractmethod
    def bring(self, target: Path, without: Sequence[str]) -> Command:
        """Return the command that copies the sweep's directory to `target`, without some folders of it."""

    @abstractmethod
    def send(self, source: Path, without: Sequence[str]) -> Command:
        """Return the command that copies `source` to the sweep's directory there, without some files and folders of it."""

    def make_room(self) -> Command:
        """Return the command that makes the sweep's directory there."""
        return self.run(f"mkdir -p {shlex.quote(self.there.sweep)}")

    def is_empty(self) -> Command:
        """Return the command that prints `empty` if the sweep has no directory there."""
        return self.run(f"test -d {shlex.quote(self.there.sweep)} || echo empty")

    def exit_code(self) -> Command:
        """Return the command that prints the launch's exit code; it prints nothing while the launch runs."""
        return self.run(f"cat {shlex.quote(f'{self.there.sent}/{self.there.exit_file}')} 2>/dev/null || true")

    def cancel(self) -> Command:
        """Return the command that asks the launch to stop."""
        return self.run(f"{self.there.program} cancel {shlex.quote(self.there.sweep)}")

    def log(self) -> Command:
        """Return the command that prints the end of what the launch has printed."""
        return self.run(f"tail -n 20 {shlex.quote(f'{self.there.sent}/{LOG_FILE}')} 2>/dev/null || true")


class Here(Reach):
    """The directory of the launch is on a file system that this machine sees."""

    def is_at(self, sweep: Path) -> bool:
        return sweep.resolve() == Path(self.there.sweep).resolve()

    def run(self, shell: str) -> Command:
        return ("sh", "-c", shell)

    def cancel(self) -> Command:
        """Return the command that asks the launch to stop. It uses no shell, because the program may not be on its PATH."""
        return (self.there.program, "cancel", self.there.sweep)

    def bring(self, target: Path, without: Sequence[str]) -> Command:
        return ("rsync", *_options(without), f"{self.there.sweep}/", f"{target}/")

    def send(self, source: Path, without: Sequence[str]) -> Command:
        return ("rsync", *_options(without), f"{source}/", f"{self.there.sweep}/")


class BySsh(Reach):
    """The machine of the launch has an ssh server. `ssh` is the program with its options, `host` may have a user's name."""

    def __init__(self, there: There, ssh: Command, host: str) -> None:
        super().__init__(there)
        self._ssh, self._host = ssh, host

    def run(self, shell: str) -> Command:
        return (*self._ssh, self._host, shell)

    def bring(self, target: Path, without: Sequence[str]) -> Command:
        return (*self._rsync(without), f"{self._host}:{self.there.sweep}/", f"{target}/")

    def send(self, source: Path, without: Sequence[str]) -> Command:
        return (*self._rsync(without), f"{source}/", f"{self._host}:{self.there.sweep}/")

    def _rsync(self, without: Sequence[str]) -> Command:
        return ("rsync", *_options(without), "-e", shlex.join(self._ssh))


class ByRay(Reach):
    """Ray's cluster launcher knows the way. It copies everything that its file does not exclude."""

    def __init__(self, there: There, config: Path) -> None:
        super().__init__(there)
        self._config = config

    def run(self, shell: str) -> Command:
        return ("ray", "exec", str(self._config), shell)

    def bring(self, target: Path, without: Sequence[str]) -> Command:
        return ("ray", "rsync-down", str(self._config), f"{self.there.sweep}/", f"{target}/")

    def send(self, source: Path, without: Sequence[str]) -> Command:
        return ("ray", "rsync-up", str(self._config), f"{source}/", f"{self.there.sweep}/")


def exit_code_in(printed: str) -> int | None:
    """Read the launch's exit code in what `exit_code` printed; None if the launch runs. Ray prints lines of its own there."""
    return next((int(line) for line in _lines(printed) if line.isdecimal()), None)


def says_empty(printed: str) -> bool:
    """Say whether `is_empty` printed that the sweep has no directory there."""
    return "empty" in _lines(printed)


def remembering_exit(launch: str, sent: str, wait_s: int = 0) -> str:
    """Write the shell command that runs a launch, and leaves its exit code in a file.

    It waits for so many seconds at the end, if the machine ends with it. Whoever follows brings the results meanwhile.
    """
    file, wait = f"{sent}/{EXIT_FILE}", (f"sleep {wait_s}",) if wait_s else ()
    written = f"echo $code > {shlex.quote(f'{file}.new')}"
    renamed = shlex.join(("mv", f"{file}.new", file))
    return "; ".join((shlex.join(("rm", "-f", file)), launch, "code=$?", written, renamed, *wait, "exit $code"))


def _lines(printed: str) -> list[str]:
    """Split what a command printed. A terminal on the way ends lines with a carriage return."""
    return [line.strip() for line in printed.splitlines()]


def _options(without: Sequence[str]) -> list[str]:
    return ["--archive", "--partial", *(f"--exclude=/{name}" for name in without)]
