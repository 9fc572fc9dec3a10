"""Runs other programs: only this module calls `ray`, `sbatch`, `kubectl` and the like."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class MissingToolError(Exception):
    """Something that this machine must have is missing: `tool`, and what was expected."""

    def __init__(self, tool: str, expected: str) -> None:
        super().__init__(f"{tool} is missing; expected {expected}")
        self.tool, self.expected = tool, expected


class CommandFailedError(Exception):
    """A command ended with an error. `output` is the end of what it printed."""

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        super().__init__(f"{shlex.join(command)}\nended with exit code {code}:\n{output}")
        self.command, self.code, self.output = tuple(command), code, output


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, timeout_s: float | None = None) -> str:
    """Run a command to its end, and return what it wrote to stdout. Raises MissingToolError or CommandFailedError.

    It is killed after `timeout_s`, and that is a failure.
    """
    words = [find_tool(command[0]), *command[1:]]
    try:
        done = subprocess.run(  # noqa: S603 (words of ours, no shell)
            words, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, timeout=timeout_s
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(command, 124, f"no answer in {error.timeout:g} s") from error
    if done.returncode:
        raise CommandFailedError(command, done.returncode, (done.stdout + done.stderr)[-2000:].strip())
    return done.stdout


def watch(command: Sequence[str]) -> None:
    """Run a command whose output appears on the terminal as it comes. Raises MissingToolError or CommandFailedError."""
    code = subprocess.run([find_tool(command[0]), *command[1:]], stdin=subprocess.DEVNULL).returncode  # noqa: S603
    if code:
        raise CommandFailedError(command, code, "(its output is above)")


def find_tool(name: str) -> str:
    """Find the path of a program: on the PATH, or else in this Python's environment. Raises MissingToolError."""
    beside = Path(sys.executable).parent / name
    found = name if Path(name).is_absolute() else shutil.which(name) or (str(beside) if beside.exists() else None)
    if found is None:
        raise MissingToolError(name, f"the program {name} on this machine's PATH")
    return found
