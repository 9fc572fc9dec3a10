"""Commands on other hosts through OpenSSH. Nothing is asked at the terminal, so a wrong key is an error at once."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.cluster.commands import CommandFailedError, run
from recipe_sweep.cluster.errors import ClusterError

TIMEOUT_S = 10
SSH_FAILED = 255
"""The exit code of ssh itself. Any other one is of the command on the host."""

_REASONS = (
    ("Could not resolve", "a name that is not known here", "a host's name or address"),
    ("Permission denied", "a host that refuses this user and key", "a user and a key that open it without a question"),
    ("Host key verification failed", "another host key than the one that is known", "the host that was there before"),
    ("HOST IDENTIFICATION HAS CHANGED", "another host key than the one that is known", "the host that was there before"),
    ("Connection refused", "a host on which no ssh server answers", "a host with an ssh server on port 22"),
)
_SILENT = ("a host that does not answer", "a host that can be reached from here")


@dataclass(frozen=True)
class Login:
    """How hosts are opened. `known_hosts` is our own list of their keys; the user's list counts too."""

    user: str
    key: str | None
    known_hosts: Path

    def words(self, host: str, script: str, *arguments: str) -> tuple[str, ...]:
        """Return the command that runs a shell script on a host."""
        remote = shlex.join(["sh", "-c", script, "sh", *arguments])
        return (*self.options(), f"{self.user}@{host}", remote)

    def options(self) -> tuple[str, ...]:
        """Return the program and the options that every connection has."""
        key = () if self.key is None else ("-i", self.key, "-o", "IdentitiesOnly=yes")
        settings = (
            "BatchMode=yes",
            f"ConnectTimeout={TIMEOUT_S}",
            "ServerAliveInterval=15",
            "LogLevel=ERROR",
            "StrictHostKeyChecking=accept-new",
            f'UserKnownHostsFile="{self.known_hosts}" ~/.ssh/known_hosts',
        )
        return ("ssh", *key, *(word for setting in settings for word in ("-o", setting)))


def ask(login: Login, host: str, script: str, arguments: Sequence[str], key: str) -> str:
    """Run a script on a host and return what it printed.

    Raises ClusterError at `key` if the host cannot be opened, CommandFailedError if the script fails, MissingToolError.
    """
    try:
        return run(login.words(host, script, *arguments))
    except CommandFailedError as error:
        if error.code != SSH_FAILED:
            raise
        raise _refusal(error.output, f"{login.user}@{host}", key) from error


def _refusal(output: str, target: str, key: str) -> ClusterError:
    found, expected = next(((found, expected) for mark, found, expected in _REASONS if mark in output), _SILENT)
    said = output.strip().splitlines()[-1:] or ["nothing"]
    return ClusterError(key, f"{target}: {found}", expected, f"ssh says: {said[0].strip()[:200]}")
