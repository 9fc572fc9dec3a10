"""Follows a sweep that runs on a cluster: it brings what is new to the directory here, and shows it like a launch here.

The directory here is a copy. If this process ends, the launch on the cluster goes on, and the same command follows it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from recipe_sweep.cluster.backends.base import Command
from recipe_sweep.cluster.backends.reach import Reach, exit_code_in, says_empty
from recipe_sweep.cluster.commands import CommandFailedError, run
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.units import duration

FETCH_EVERY_S = 5.0
NOT_WHILE_IT_RUNS = ("checkpoints", "ray", "index", "report")
"""Folders that are not brought before the end, because nobody looks at them. Weights are: without its own no run is done."""
NEVER = ("ray", "index", "report")
"""Folders that are of no use elsewhere."""
TRIES_AT_THE_END = 3
SILENCE_S = 60.0
"""Seconds without an answer after which the user is told again."""


@dataclass(frozen=True)
class Followed:
    """How following ended: the exit code of the launch there, and the end of what it printed if that is not 0.

    `left_there` means that results could not be brought. Then the machines must not be ended.
    """

    code: int
    log: str = ""
    left_there: bool = False


class Follower:
    """Brings and shows. `show` is called after each copy; `tell` prints a line that stays.

    `otherwise` is asked if the cluster does not answer: how the launch ended, as it is known without the cluster.
    """

    def __init__(
        self,
        reach: Reach,
        paths: SweepPaths,
        show: Callable[[], None],
        tell: Callable[[str], None],
        otherwise: Callable[[], Followed | None] = lambda: None,
    ) -> None:
        self._reach, self._paths, self._show, self._tell = reach, paths, show, tell
        self._otherwise = otherwise
        self._silent_since: float | None = None
        self._told_at = 0.0

    def follow(self) -> Followed:
        """Follow until the launch there has ended; then bring everything. Raises MissingToolError without rsync or ssh."""
        while True:
            began = time.monotonic()
            answer = self._asked(self._reach.exit_code())
            code = exit_code_in(answer or "")
            if code is not None:
                return self._end(code)
            if answer is None and (known := self._otherwise()) is not None:
                self._show()
                return known
            self._bring(NOT_WHILE_IT_RUNS)
            self._show()
            time.sleep(max(0.0, FETCH_EVERY_S - (time.monotonic() - began)))

    def _end(self, code: int) -> Followed:
        """Bring everything. A launch that could not begin has left nothing to bring."""
        brought = False
        for _ in range(TRIES_AT_THE_END):
            brought = self._bring(NEVER) or says_empty(self._asked(self._reach.is_empty()) or "")
            if brought:
                break
            time.sleep(FETCH_EVERY_S)
        if not brought and (known := self._otherwise()) is not None:
            self._show()
            return known
        self._show()
        return Followed(code, "" if code == 0 else self._asked(self._reach.log()) or "", not brought)

    def _bring(self, without: tuple[str, ...]) -> bool:
        if self._reach.is_at(self._paths.root):
            return True  # A copy onto itself would put older bytes in the place of what is being written.
        self._paths.root.mkdir(parents=True, exist_ok=True)
        return self._asked(self._reach.bring(self._paths.root, without)) is not None

    def _asked(self, command: Command) -> str | None:
        """Run a command; None if it fails, which a cluster that starts and a network that is away do for a while."""
        try:
            printed = run(command)
        except CommandFailedError as error:
            self._tell_silence(error)
            return None
        if self._silent_since is not None and self._told_at > self._silent_since:
            self._tell("the cluster answers again")
        self._silent_since = None
        return printed

    def _tell_silence(self, error: CommandFailedError) -> None:
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        silent = now - self._silent_since
        if silent >= SILENCE_S and now - self._told_at >= SILENCE_S:
            last = error.output.splitlines()[-1:] or ["no reason given"]
            self._tell(f"the cluster has not answered for {duration(silent)} ({last[0]}); it is asked again")
            self._told_at = now
