"""The way to a launch in the head's pod: `kubectl exec`, found and bounded by `recipe_sweep.cluster.pod`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from recipe_sweep.cluster.backends.reach import Command, Reach, There


class ByPod(Reach):
    """The launch runs in the head's pod of a RayJob."""

    def __init__(self, there: There, namespace: str, job: str, label: str) -> None:
        super().__init__(there)
        self._which = ("--namespace", namespace, "--job", job, "--label", label)

    def run(self, shell: str) -> Command:
        return self._pod("run", shell)

    def exit_code(self) -> Command:
        """Return the command that prints the launch's exit code. It asks KubeRay as well, which may have ended the job."""
        return self._pod("exit-code", shlex.quote(f"{self.there.sent}/{self.there.exit_file}"))

    def make_room(self) -> Command:
        """Return the command that makes the sweep's directory there. It waits for the head's pod."""
        return self.run_in_time(f"mkdir -p {shlex.quote(self.there.sweep)}")

    def run_in_time(self, shell: str) -> Command:
        """Return the command that waits for the head's pod, and then runs a shell command there."""
        return self._pod("--wait", "run", shell)

    def bring(self, target: Path, without: Sequence[str]) -> Command:
        return self._pod("bring", self.there.sweep, str(target), *_options(without))

    def send(self, source: Path, without: Sequence[str]) -> Command:
        return self._pod("send", str(source), self.there.sweep, *_options(without))

    def _pod(self, *words: str) -> Command:
        return (sys.executable, "-P", "-m", "recipe_sweep.cluster.pod", *self._which, *words)


def _options(without: Sequence[str]) -> tuple[str, ...]:
    return ("--without", *without) if without else ()
