"""Asks every host, before anything is started, whether it can be used: a clear sentence here saves a long log later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recipe_sweep.cluster.commands import CommandFailedError
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.host_processes import VARIABLE
from recipe_sweep.cluster.shipment import RAY_VERSION
from recipe_sweep.cluster.ssh import Login, ask

LEAST_PYTHON = (3, 11)
AT_ONCE = 16

_QUESTION = r"""
python=$1 directory=$2 mark=$3
for program in bash rsync setsid flock sha256sum; do command -v $program >/dev/null 2>&1 || echo "lacks $program"; done
mkdir -p "$directory" 2>/dev/null && [ -w "$directory" ] && [ -x "$directory" ] || echo "closed $directory"
[ -z "$(grep -lsFxz -e "$mark" /proc/[0-9]*/environ)" ] || echo "up already"
"$python" -c 'import sys; print("python", *sys.version_info[:2])' 2>/dev/null || { echo "python none"; exit 0; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || echo "lacks venv"
"$python" -c 'from importlib.metadata import version as v; print("ray", v("ray"))' 2>/dev/null || echo "ray none"
"""


@dataclass(frozen=True)
class Wanted:
    """What hosts must have: this Python, this directory that can be written, and with `given` also Ray.

    `mark` is in the environment of the cluster's processes. None of them may be there.
    """

    python: str
    directory: str
    given: bool
    mark: str

    @property
    def words(self) -> tuple[str, ...]:
        return (self.python, self.directory, f"{VARIABLE}={self.mark}")


@dataclass(frozen=True)
class _Answer:
    """What one host said: its Python, and what is wrong with it."""

    python: tuple[int, ...] | None
    mistakes: tuple[ClusterError, ...]


def check_hosts(login: Login, hosts: Sequence[str], wanted: Wanted) -> tuple[ClusterError, ...]:
    """List what is wrong with each host. Raises MissingToolError if there is no ssh here."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda place: _ask(login, hosts[place], wanted, f"hosts.{place}"), range(len(hosts))))
    mistakes = [mistake for answer in answers for mistake in answer.mistakes]
    first = answers[0].python
    for place, answer in enumerate(answers):
        if not mistakes and answer.python != first:
            found = f"{hosts[place]}: Python {_dotted(answer.python)}"
            mistakes.append(ClusterError(f"hosts.{place}", found, f"Python {_dotted(first)} as on {hosts[0]}, because of Ray"))
    return tuple(mistakes)


def _ask(login: Login, host: str, wanted: Wanted, key: str) -> _Answer:
    try:
        said = ask(login, host, _QUESTION, wanted.words, key)
    except ClusterError as error:
        return _Answer(None, (error,))
    except CommandFailedError as error:
        return _Answer(None, (ClusterError(key, f"{host}: {error.output[-200:]}", "a host with a shell like sh"),))
    facts = [line.split(maxsplit=1) for line in said.splitlines() if " " in line]
    python = next((value for name, value in facts if name == "python"), "none")
    version = None if python == "none" else tuple(map(int, python.split()))
    return _Answer(version, tuple(_mistakes(facts, version, host, wanted, key)))


def _mistakes(
    facts: list[list[str]], version: tuple[int, ...] | None, host: str, wanted: Wanted, key: str
) -> Iterator[ClusterError]:
    """Yield what a host lacks, one sentence each."""
    for name, value in facts:
        if name == "closed":
            yield ClusterError(
                key, f"{host}: {value}, which cannot be written", "a directory of this user", "change `directory`"
            )
        elif name == "lacks" and value != "venv":
            yield ClusterError(key, f"{host}: no {value}", f"the program {value}", "have it installed there")
        elif name == "up":
            hint = f"end it where it was brought up, or on that host: bash {wanted.mark}/node.sh down"
            yield ClusterError(key, f"{host}: this cluster is up there", "hosts that nobody else has brought up", hint)
    if version is None:
        yield ClusterError(key, f"{host}: no {wanted.python}", "a Python", "name one of that host by `python: PATH`")
    elif version < LEAST_PYTHON:
        found = f"{host}: {wanted.python} is Python {_dotted(version)}"
        yield ClusterError(key, found, f"Python {_dotted(LEAST_PYTHON)} or newer", "name another by `python: PATH`")
    elif ["lacks", "venv"] in facts:
        found = f"{host}: {wanted.python} without venv"
        yield ClusterError(key, found, "a Python that makes environments", "on Debian and Ubuntu: install python3-venv")
    ray = next((value for name, value in facts if name == "ray"), "none")
    if wanted.given and version is not None and ray != RAY_VERSION:
        found = f"{host}: {'no Ray' if ray == 'none' else f'Ray {ray}'} in {wanted.python}"
        yield ClusterError(key, found, f"Ray {RAY_VERSION}", "install it there, or write `packages: install`")


def _dotted(version: Sequence[int] | None) -> str:
    return "none" if version is None else ".".join(map(str, version))
