"""Why packs failed: one file per failed attempt, and the causes they have in common.

A failure is kept until its runs are done. `launch --retry-failed` forgives: the file is renamed, so that it no longer
counts, and nothing of it is lost.
"""

from __future__ import annotations

import json
import re
import traceback
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sweep.atomic import publish_json
from sweep.paths import SweepPaths

SCHEMA_VERSION = 1
LOG_TAIL_LINES = 40
OUR_PACKAGES = frozenset({"sweep", "trainers", "search_spaces", "cluster", "analysis", "tests"})

_ROOT = Path(__file__).resolve().parent.parent
_VARYING = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+(\.\d+)?")


@dataclass(frozen=True)
class Cause:
    """What failures have in common: the error's type, its message and the last line of our own code on the way to it."""

    error: str
    message: str
    frame: str

    @property
    def kind(self) -> Cause:
        """The cause without the numbers and ids in its message, by which failures are grouped."""
        return Cause(self.error, _VARYING.sub("#", self.message), self.frame)


@dataclass(frozen=True)
class Failure:
    """One failed attempt of a pack. `final`: its one run is given up with it, until `--retry-failed`."""

    pack_id: str
    attempt: int
    epoch: int
    run_ids: tuple[str, ...]
    cause: Cause
    traceback: str
    log_tail: str
    host: str
    failed_at: datetime
    final: bool


@dataclass(frozen=True)
class FailureGroup:
    """All failures of one cause: an example, the runs they hit that are not done, and which of these are given up."""

    example: Failure
    run_ids: tuple[str, ...]
    gave_up: tuple[str, ...]
    packs: int


def cause_of(error: BaseException) -> Cause:
    """The cause an exception stands for."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)]
    last = (ours or frames)[-1:]
    place = f"{_short(last[0].filename)}:{last[0].lineno} in {last[0].name}" if last else "outside of Python"
    return Cause(type(error).__name__, str(error), place)


def record_failure(paths: SweepPaths, failure: Failure) -> None:
    """Keep a failure. Raises FileExistsError where that attempt has one already."""
    content = asdict(failure) | {"schema_version": SCHEMA_VERSION, "failed_at": failure.failed_at.astimezone(UTC).isoformat()}
    publish_json(paths.pack_failure(failure.pack_id, failure.attempt), content)


def log_tail(path: Path) -> str:
    """The last lines of a log, or nothing where there is none."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]) if path.exists() else ""


def failed_attempts(paths: SweepPaths) -> dict[str, int]:
    """How many attempts of each pack have failed and were not forgiven."""
    counts: dict[str, int] = defaultdict(int)
    for path in _files(paths):
        counts[path.parent.name] += 1
    return dict(counts)


def read_failures(paths: SweepPaths) -> tuple[Failure, ...]:
    """Every failure that was not forgiven, oldest first."""
    return tuple(sorted((_read(path) for path in _files(paths)), key=lambda failure: failure.failed_at))


def grouped(failures: Iterable[Failure], unfinished: Collection[str]) -> tuple[FailureGroup, ...]:
    """Failures by cause, the one that hit most runs first; runs that are not in `unfinished` no longer count.

    A run belongs to the cause of its latest failure only: when a pack was halved, what its halves say is nearer the truth.
    """
    latest: dict[str, Failure] = {}
    for failure in failures:
        latest |= dict.fromkeys((run for run in failure.run_ids if run in unfinished), failure)
    by_cause: dict[Cause, list[tuple[str, Failure]]] = defaultdict(list)
    for run_id, failure in latest.items():
        by_cause[failure.cause.kind].append((run_id, failure))
    groups = (
        FailureGroup(
            example=hits[-1][1],
            run_ids=tuple(run for run, _ in hits),
            gave_up=tuple(run for run, failure in hits if failure.final),
            packs=len({failure.pack_id for _, failure in hits}),
        )
        for hits in by_cause.values()
    )
    return tuple(sorted(groups, key=lambda group: -len(group.run_ids)))


def forgive(paths: SweepPaths, pack_ids: Collection[str]) -> None:
    """Stop counting the failures of these packs, so that they are tried as if for the first time."""
    for path in _files(paths):
        if path.parent.name in pack_ids:
            path.replace(path.with_suffix(".forgiven"))


def _files(paths: SweepPaths) -> list[Path]:
    return sorted(paths.failures.glob("*/[!.]*.json"))


def _read(path: Path) -> Failure:
    content = json.loads(path.read_text())
    del content["schema_version"]
    return Failure(
        **content
        | {
            "run_ids": tuple(content["run_ids"]),
            "cause": Cause(**content["cause"]),
            "failed_at": datetime.fromisoformat(content["failed_at"]),
        }
    )


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in OUR_PACKAGES


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(_ROOT)) if _is_ours(filename) else path.name
