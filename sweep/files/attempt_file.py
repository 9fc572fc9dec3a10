"""Attempts at a pack: who tries it, how each try ended, and how often a process has died on it.

A process that is killed cannot say so. Its attempt is one that began and never ended. Lost nodes and kills are retried
freely; but a pack that takes its process down at the same step again and again (out of memory, most likely) would be
retried for ever, so `deaths_in_place` counts these.
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
    """How an attempt ended. One that was killed stays OPEN, as does one that is still at work."""

    OPEN = "open"
    PUBLISHED = "published"
    FAILED = "failed"
    HINDERED = "hindered"
    """It failed, but the disk, the store or the network may be to blame: tried again, and not counted against its runs."""
    STOPPED = "stopped"
    DRAINED = "drained"
    """Its machine had notice that it will be taken away: the pack goes on from its checkpoint on another."""
    TERMINATED = "terminated"
    """Its process was told to end (SIGTERM): the pack goes on from its checkpoint in another."""
    DROPPED = "dropped"
    """It finished, but another launch had taken over, or the pack's results were there already."""


@dataclass(frozen=True)
class Attempt:
    """One try at a pack. `step` is the gradient step from which the last attempt before it is known to have resumed."""

    pack_id: str
    number: int
    epoch: int
    step: int
    process: ProcessIdentity
    began_at: str
    end: AttemptEnd = AttemptEnd.OPEN
    ended_at: str | None = None


def begin_attempt(paths: SweepPaths, pack_id: str, epoch: int, step: int) -> Attempt:
    """Open the pack's next attempt, under a number that no other attempt has."""
    number = len(read_attempts(paths, pack_id)) + 1
    while True:
        attempt = Attempt(pack_id, number, epoch, step, ProcessIdentity.of_this_process(), datetime.now(UTC).isoformat())
        try:
            publish_json(paths.pack_attempt(pack_id, number), asdict(attempt))
        except FileExistsError:
            number += 1
        else:
            return attempt


def end_attempt(paths: SweepPaths, attempt: Attempt, end: AttemptEnd) -> None:
    """Say how an attempt ended."""
    ended = replace(attempt, end=end, ended_at=datetime.now(UTC).isoformat())
    replace_json(paths.pack_attempt(attempt.pack_id, attempt.number), asdict(ended))


def read_attempts(paths: SweepPaths, pack_id: str) -> tuple[Attempt, ...]:
    """Every attempt at a pack, in order; one whose file is damaged is overlooked."""
    found = (read_attempt(path) for path in sorted((paths.attempts / pack_id).glob("[!.]*.json")))
    return tuple(attempt for attempt in found if attempt is not None)


def read_attempt(path: Path) -> Attempt | None:
    """One attempt; None where its file is gone, or is damaged and overlooked."""
    try:
        return check_attempt(path)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None


def check_attempt(path: Path) -> Attempt:
    """One attempt. Raises FileNotFoundError, DamagedFileError."""
    attempt = read_json(path, Attempt, ATTEMPT)
    with meaningful(path, ATTEMPT):
        for moment in (attempt.began_at, attempt.ended_at or attempt.began_at):
            if datetime.fromisoformat(moment).tzinfo is None:
                raise ValueError(f"{moment} has no time zone")
        if attempt.pack_id != path.parent.name:
            raise ValueError(f"it is of pack {attempt.pack_id}")
    return attempt


def deaths_in_place(paths: SweepPaths, pack_id: str, epoch: int, step: int) -> int:
    """How many attempts in a row died under this launch, all resumed from `step`; asked before a new one begins."""
    deaths = 0
    for attempt in reversed(read_attempts(paths, pack_id)):
        if attempt.end is not AttemptEnd.OPEN or attempt.epoch != epoch or attempt.step != step:
            break
        deaths += 1
    return deaths
