"""Workers that die before their attempt begins, because of a broken library or a missing file on their machine.

Such a worker records nothing, and Ray starts new ones forever. So the engine counts them, by Tune's counts of its trials and
by the log of Ray's raylet. After three in a row it records a failure of the pack, with what the processes printed.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from recipe_sweep.sweep.files.attempt_file import AttemptEnd, begin_attempt, end_attempt, read_attempts
from recipe_sweep.sweep.files.failure_file import START_ERROR, Cause, Failure, record_failure
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.pack_file import read_record

DEATHS_ALLOWED = 3
"""Workers of one pack, or of a node, that may die in a row before an attempt begins."""

LOOK_EVERY_S = 2.0
TAIL_LINES = 100

_SAYS_WHY = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): |: can't open file|No such file")
_RAYS_MARK = re.compile(r":(?:job_id|actor_name|task_name):")
_NEVER_REGISTERED = re.compile(r"The process is dead, probably it crashed during start")


class _Seen(NamedTuple):
    """A trial when the number of its attempts last changed: that number, and how often it had been restarted by then."""

    begun: int
    restarts: int


class StartWatch:
    """Counts deaths in a row. Every attempt that begins sets the count to zero."""

    def __init__(self, settings: LaunchSettings, logs: Path) -> None:
        self._settings, self._logs = settings, logs
        self._seen: dict[str, _Seen] = {}
        self._unregistered = 0

    def stillborn(self, trials: Iterable[Any], working: Sequence[str]) -> tuple[str, ...]:
        """Find packs whose workers died three times in a row before an attempt began; `working` are the packs handed out."""
        begins = {pack_id: self._begun(pack_id) for pack_id in working}
        restarts = {str(trial.config.get("pack_id")): int(trial.num_failures) for trial in trials}
        packs = tuple(pack_id for pack_id in working if self._deaths(pack_id, begins[pack_id], restarts.get(pack_id, 0)))
        unregistered = never_registered(self._logs)
        if any(begins.values()) or not working:
            self._unregistered = unregistered  # Workers can start here, so the count begins again.
        if not packs and unregistered - self._unregistered >= DEATHS_ALLOWED:
            return tuple(working)
        return packs

    def _begun(self, pack_id: str) -> int:
        return sum(attempt.epoch == self._settings.epoch for attempt in read_attempts(self._settings.paths, pack_id))

    def _deaths(self, pack_id: str, begun: int, restarts: int) -> bool:
        seen = self._seen.setdefault(pack_id, _Seen(begun, 0 if not begun else restarts))
        if seen.begun != begun:
            seen = self._seen[pack_id] = _Seen(begun, restarts)
        own = 1 if seen.begun else 0  # The attempt that began may have died since. That death was not before its beginning.
        return restarts - seen.restarts - own >= DEATHS_ALLOWED


def never_registered(logs: Path) -> int:
    """Count the workers of this node that died before Ray knew of them, by the raylet's log."""
    return sum(len(_NEVER_REGISTERED.findall(_text(path))) for path in (logs / "raylet.err", logs / "raylet.out"))


def printed(logs: Path) -> str:
    """Read the last lines that workers, or the raylet for them, wrote to standard error."""
    newest = sorted(logs.glob("worker-*.err"), key=lambda path: path.stat().st_mtime, reverse=True)
    lines = [
        [line for line in _text(path).splitlines() if line.strip() and not _RAYS_MARK.match(line)][-TAIL_LINES:]
        for path in (*newest, logs / "raylet.err")
    ]
    telling = [each for each in lines if any(_SAYS_WHY.search(line.strip()) for line in each)]
    return "\n".join(next((each for each in (*telling, *lines) if each), ["nothing"]))


def reason(text: str) -> str:
    """Pick the line that says most: the first error, because others follow from it; else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [text]
    return next((line for line in lines if _SAYS_WHY.search(line)), lines[-1])


def record_stillborn(settings: LaunchSettings, pack_ids: Sequence[str], text: str) -> None:
    """Record a failure of each pack, with what its workers printed."""
    paths = settings.paths
    for pack_id in pack_ids:
        pack = read_record(paths.pack_record(pack_id)).pack
        attempt = begin_attempt(paths, pack_id, settings.epoch, 0)
        failure = Failure(
            pack_id=pack_id,
            attempt=attempt.number,
            epoch=settings.epoch,
            run_ids=pack.run_ids,
            cause=Cause(START_ERROR, f"{DEATHS_ALLOWED} workers died before they began: {reason(text)}", "outside of Python"),
            traceback=text,
            log_tail=text,
            host=socket.gethostname(),
            failed_at=datetime.now(UTC),
            final=False,
        )
        record_failure(paths, failure)
        end_attempt(paths, attempt, AttemptEnd.FAILED)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
