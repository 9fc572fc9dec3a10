"""Attempts at a pack: which process tries it, how each try ended, and how often a process has died on it.

A killed process cannot record its end. So its attempt stays open. Lost nodes and kills are retried without a bound. But a pack
may kill its process at the same step each time, probably because memory is short. It would be retried for ever, so
`deaths_in_place` counts such attempts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import publish_json, replace_json
from recipe_sweep.sweep.files.kinds import ATTEMPT
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.files.reading import meaningful, read_json


class AttemptEnd(StrEnum):
    """How an attempt ended. A killed attempt stays OPEN, as does one that is still running."""

    OPEN = "open"
    PUBLISHED = "published"
    FAILED = "failed"
    HINDERED = "hindered"
    """It failed, but perhaps because of the disk, the store or the network. It is tried again, and its runs have no failure."""
    STOPPED = "stopped"
    DRAINED = "drained"
    """Its machine will soon be taken away and had notice. The pack continues from its checkpoint on another machine."""
    TERMINATED = "terminated"
    """Its process was told to end (SIGTERM). The pack continues from its checkpoint in another process."""
    DROPPED = "dropped"
    """It finished, but another launch had taken over, or the pack's results already existed."""


@dataclass(frozen=True)
class Attempt:
    """One try at a pack. `step` is the gradient step from which the attempt before it resumed, as far as is known."""

    pack_id: str
    number: int
    epoch: int
    step: int
    process: ProcessIdentity
    began_at: str
    end: AttemptEnd = AttemptEnd.OPEN
    ended_at: str | None = None


def begin_attempt(paths: SweepPaths, pack_id: str, epoch: int, step: int) -> Attempt:
    """Begin the pack's next attempt, under a number that no other attempt has."""
    number = len(read_attempts(paths, pack_id)) + 1
    while True:
        attempt = Attempt(pack_id, number, epoch, step, ProcessIdentity.of_this_process(), datetime.now(UTC).isoformat())
        try:
            publish_json(paths.pack_attempt(pack_id, number), asdict(attempt))
        except FileExistsError:
            number += 1
        else:
            return attempt


def attempt_file(paths: SweepPaths, attempt: Attempt) -> Path:
    """Return the file of an attempt."""
    return paths.pack_attempt(attempt.pack_id, attempt.number)


def end_attempt(paths: SweepPaths, attempt: Attempt, end: AttemptEnd) -> None:
    """Record how an attempt ended."""
    ended = replace(attempt, end=end, ended_at=datetime.now(UTC).isoformat())
    replace_json(attempt_file(paths, attempt), asdict(ended))


def read_attempts(paths: SweepPaths, pack_id: str) -> tuple[Attempt, ...]:
    """Read every attempt at a pack, in order. An attempt with a damaged file is overlooked."""
    found = (read_attempt(path) for path in sorted((paths.attempts / pack_id).glob("[!.]*.json")))
    return tuple(attempt for attempt in found if attempt is not None)


def read_attempt(path: Path) -> Attempt | None:
    """Read one attempt; None if its file is gone, or is damaged and overlooked."""
    try:
        return check_attempt(path)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None


def check_attempt(path: Path) -> Attempt:
    """Read one attempt. Raises FileNotFoundError, DamagedFileError."""
    attempt = read_json(path, Attempt, ATTEMPT)
    with meaningful(path, ATTEMPT):
        for moment in (attempt.began_at, attempt.ended_at or attempt.began_at):
            if datetime.fromisoformat(moment).tzinfo is None:
                raise ValueError(f"{moment} has no time zone")
        if attempt.pack_id != path.parent.name:
            raise ValueError(f"it is of pack {attempt.pack_id}")
    return attempt


def deaths_in_place(paths: SweepPaths, pack_id: str, epoch: int, step: int) -> int:
    """Count how many attempts in a row died under this launch, all resumed from `step`. Call it before a new attempt begins."""
    deaths = 0
    for attempt in reversed(read_attempts(paths, pack_id)):
        if attempt.end is not AttemptEnd.OPEN or attempt.epoch != epoch or attempt.step != step:
            break
        deaths += 1
    return deaths
