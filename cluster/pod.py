"""Works in the head's pod of a RayJob with `kubectl exec`: runs a command there, and copies the sweep's directory.

It is a program of its own, because the pod has to be found anew each time: it may have been replaced. Every wait has a bound.
The image needs no rsync and no tar, because every pod has this very code.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from recipe_sweep.cluster.commands import CommandFailedError, MissingToolError, find_tool, run
from recipe_sweep.cluster.pod_files import IncompleteCopyError, as_line, listed, of_line, pack, unpack

CONTAINER = "ray-head"
ASK_S = 30.0
"""Seconds for an answer of Kubernetes itself."""
RUN_S = 120.0
"""Seconds for a command in the pod."""
COPY_S = 900.0
"""Seconds for one copy, which has a bound in bytes."""
HEAD_S = 1800.0
"""Seconds for the head to begin: its node may have to start, and to fetch the image."""
_LOOK_AGAIN_S = 2.0
_OVER = ("Complete", "Failed")


class NoPodError(Exception):
    """The head has no pod in which something can run."""


@dataclass(frozen=True)
class Job:
    """A RayJob: its namespace and its name, which is also the label of its pods."""

    namespace: str
    name: str
    label: str

    def kubectl(self, *words: str) -> tuple[str, ...]:
        """Return the words of a command in the namespace."""
        return ("kubectl", "--namespace", self.namespace, *words)

    def head(self, patience_s: float = 0.0) -> str:
        """Find the newest pod of the head that runs. Raises NoPodError if there is none in time."""
        until, is_told = time.monotonic() + patience_s, False
        while True:
            pods = self._pods()
            if running := [pod for pod in pods if _runs(pod)]:
                return str(max(running, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))["metadata"]["name"])
            if time.monotonic() >= until:
                raise NoPodError(f"the head has no pod that runs ({_state(pods)})")
            if not is_told:
                print(f"waiting for the head's pod ({_state(pods)})", file=sys.stderr)
            is_told = True
            time.sleep(_LOOK_AGAIN_S)

    def inside(self, pod: str, *words: str) -> tuple[str, ...]:
        """Return the words of a command that runs in the pod and gets our input."""
        return self.kubectl("exec", "--stdin", pod, "--container", CONTAINER, "--", *words)

    def is_over(self) -> bool:
        """Say whether KubeRay has ended the job, or somebody has removed it."""
        state = "jsonpath={.metadata.name}={.status.jobDeploymentStatus}"
        said = run(self.kubectl("get", "rayjob", self.name, "--ignore-not-found", "--output", state), timeout_s=ASK_S)
        return not said.strip() or said.strip().rpartition("=")[2] in _OVER

    def _pods(self) -> list[dict[str, Any]]:
        """List the head's pods, without those of an earlier job that end just now."""
        selector = f"{self.label}={self.name},ray.io/node-type=head"
        found = json.loads(run(self.kubectl("get", "pod", "--selector", selector, "--output", "json"), None, ASK_S))
        return [pod for pod in found["items"] if "deletionTimestamp" not in pod["metadata"]]


def run_there(job: Job, shell: str, patience_s: float = 0.0) -> str:
    """Run a shell command in the head's pod, and return what it prints."""
    return run(job.inside(job.head(patience_s), "sh", "-c", shell), timeout_s=RUN_S)


def exit_code(job: Job, file: str) -> str:
    """Return the content of the file with the launch's exit code. A job that KubeRay has ended before has failed."""
    try:
        written = run_there(job, f"cat {file} 2>/dev/null || true")
    except NoPodError:
        if not job.is_over():
            raise
        written = ""
    return written or ("1\n" if job.is_over() else "")


def bring(job: Job, there: str, here: Path, without: Sequence[str]) -> None:
    """Copy a directory of the pod to this machine."""
    pod, left = job.head(), 1
    while left:
        with _copying(job.inside(pod, *_files("pack", there, without))) as (into, out):
            into.write(f"{as_line(listed(here, without))}\n".encode())
            into.close()
            left = unpack(here, out)
            out.read()  # the rest of tar's last block


def send(job: Job, here: Path, there: str, without: Sequence[str]) -> None:
    """Copy a directory of this machine to the pod."""
    pod, left = job.head(), 1
    while left:
        has = of_line(run(job.inside(pod, *_files("list", there, ())), timeout_s=RUN_S))
        with _copying(job.inside(pod, *_files("unpack", there, ()))) as (into, _):
            left = pack(here, has, without, into)
            into.close()


def _files(what: str, directory: str, without: Sequence[str]) -> tuple[str, ...]:
    options = ("--without", *without) if without else ()
    return ("python", "-m", "recipe_sweep.cluster.pod_files", what, directory, *options)


@contextmanager
def _copying(command: Sequence[str]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Run a command, and yield the pipes into and out of it. It is ended after `COPY_S`. Raises CommandFailedError."""
    words = [find_tool(command[0]), *command[1:]]
    with TemporaryFile() as said:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)  # noqa: S603 (words of ours)
        assert process.stdin is not None
        assert process.stdout is not None
        limit = threading.Timer(COPY_S, process.kill)
        limit.start()
        try:
            yield process.stdin, process.stdout
            problem = ""
        except (IncompleteCopyError, OSError) as error:  # often because the other side has ended; then it says why
            problem = str(error)
            process.stdout.close()
        finally:
            limit.cancel()
            code = _ended(process)
        if code or problem:
            said.seek(0)
            raise CommandFailedError(command, code, said.read()[-2000:].decode(errors="replace").strip() or problem)


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a copy whose pipes are done with, and return its exit code."""
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            assert pipe is not None
            pipe.close()
    try:
        return process.wait(ASK_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _runs(pod: dict[str, Any]) -> bool:
    states = pod.get("status", {}).get("containerStatuses", [])
    return any(each.get("name") == CONTAINER and "running" in each.get("state", {}) for each in states)


def _state(pods: Sequence[dict[str, Any]]) -> str:
    """Say why no pod runs, in the words of Kubernetes."""
    said = []
    for status in (pod.get("status", {}) for pod in pods):
        waiting = [each.get("state", {}).get("waiting", {}).get("reason") for each in status.get("containerStatuses", [])]
        why = [each.get("message") for each in status.get("conditions", []) if each.get("status") == "False"]
        said += [", ".join(word for word in (status.get("phase"), *waiting, *why[:1]) if word)]
    return "; ".join(said) or "there is none"


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words say, and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--job", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--wait", action="store_true", help="until the head's pod runs")
    parser.add_argument("what", choices=("run", "exit-code", "bring", "send"))
    parser.add_argument("arguments", nargs="+")
    parser.add_argument("--without", nargs="*", default=())
    given = parser.parse_args(words)
    job, arguments = Job(given.namespace, given.job, given.label), given.arguments
    try:
        if given.what == "run":
            print(run_there(job, arguments[0], HEAD_S if given.wait else 0.0), end="")
        elif given.what == "exit-code":
            print(exit_code(job, arguments[0]), end="")
        elif given.what == "bring":
            bring(job, arguments[0], Path(arguments[1]), given.without)
        else:
            send(job, Path(arguments[0]), arguments[1], given.without)
    except (NoPodError, CommandFailedError, MissingToolError, IncompleteCopyError, OSError, ValueError, KeyError) as error:
        print(error.output if isinstance(error, CommandFailedError) else error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
