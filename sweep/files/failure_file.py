"""Why packs failed: one file per failed attempt, and the causes that failures share.

A failure is kept until its runs are done. `launch --retry-failed` renames the file, so that it no longer counts. Nothing is
lost.

The system may refuse something: a disk is full, or a store or a network cannot be reached. Then the pack was only hindered,
because the failure says little about it. Such a failure does not count, up to a bound.
"""

from __future__ import annotations

import errno
import re
import traceback
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from recipe_sweep.search_spaces.errors import PluginCodeError
from recipe_sweep.search_spaces.user_code import is_ours, is_users
from recipe_sweep.sweep.errors import DamagedFileError, StoreError
from recipe_sweep.sweep.files.atomic import move, publish_json
from recipe_sweep.sweep.files.hang import Frame, Hang
from recipe_sweep.sweep.files.kinds import FAILURE, LOG
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import HINDERED_SUFFIX, SweepPaths
from recipe_sweep.sweep.files.reading import meaningful, read_json, read_log

SCHEMA_VERSION = 1
START_ERROR = "WorkerStartError"
"""The error of a pack whose workers died before they could report anything."""

LOG_TAIL_LINES = 40
HINDERED_TRIES = 8
"""Attempts of one pack that may be hindered. Later ones count as failed, because then the pack itself is the likely cause."""

_PACKAGE = Path(__file__).parents[2]
"""`recipe_sweep`, by the path under which Python imports it. In a checkout its folders are links."""

_TESTS = _PACKAGE.parent / "tests"
_WRONG_PATHS = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
_STAYS = {errno.EFBIG, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.EXDEV, errno.ENOTSUP}
"""Errors that do not pass: a file larger than allowed, and impossible names and links."""

_VARYING = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+(\.\d+)?")


@dataclass(frozen=True)
class Cause:
    """What failures share: the error's type, its message and the last line of our own code on the way to it."""

    error: str
    message: str
    frame: str

    @property
    def kind(self) -> Cause:
        """The cause without the numbers and ids in its message. Failures are grouped by it."""
        return Cause(self.error, _VARYING.sub("#", self.message), self.frame)


@dataclass(frozen=True)
class Failure:
    """One failed attempt of a pack.

    `final` means that its only run is given up, until `--retry-failed`. `hindered` means that the system failed, not the pack.
    Then the failure does not count.
    """

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
    hindered: bool = False


@dataclass(frozen=True)
class FailureGroup:
    """All failures of one cause: an example, their unfinished runs, and which of these runs are given up."""

    example: Failure
    run_ids: tuple[str, ...]
    gave_up: tuple[str, ...]
    packs: int


def cause_of(error: BaseException) -> Cause:
    """Describe the cause of an exception. For a plugin's error this is what the plugin raised."""
    if isinstance(error, PluginCodeError):
        problem = error.problem
        told = str(error.origin) if error.origin is not error else f"{problem.key}: {problem.found}, not {problem.expected}"
        return Cause(type(error.origin).__name__, f"{problem.file}: {told}", error.place or "in a plugin")
    frames = [Frame(frame.filename, frame.lineno or 0, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    return Cause(type(error).__name__, str(error), _place(frames[::-1]))


def cause_of_hang(hang: Hang) -> Cause:
    """Describe the cause of an attempt that made no progress."""
    return Cause("StuckError", f"no progress for {hang.silent}, therefore killed (stuck_after_minutes)", _place(hang.frames))


def may_pass(error: BaseException) -> bool:
    """Say whether an error is likely to pass by itself.

    It is, if the system refused something and the reason is not a wrong path. It also is, if a store gives no answer. A
    plugin's OSError without an error number is the plugin's own message, so it does not count.
    """
    if isinstance(error, PluginCodeError):
        return isinstance(error.origin, OSError) and error.origin.errno is not None and may_pass(error.origin)
    if isinstance(error, StoreError):
        return True
    return isinstance(error, OSError) and not isinstance(error, _WRONG_PATHS) and error.errno not in _STAYS


def record_failure(paths: SweepPaths, failure: Failure) -> None:
    """Write a failure to its file. Raises FileExistsError if that attempt already has one."""
    content = asdict(failure) | {"schema_version": SCHEMA_VERSION, "failed_at": failure.failed_at.astimezone(UTC).isoformat()}
    publish_json(failure_file(paths, failure), content)


def failure_file(paths: SweepPaths, failure: Failure) -> Path:
    """Return the file of a failure."""
    return paths.pack_failure(failure.pack_id, failure.attempt, failure.hindered)


def log_tail(path: Path) -> str:
    """Read the last lines of a log; empty if there is no log."""
    try:
        return "\n".join(read_log(path, LOG).splitlines()[-LOG_TAIL_LINES:])
    except DamagedFileError as error:
        return error.sentence


def failed_attempts(paths: SweepPaths) -> dict[str, int]:
    """Count the attempts of each pack that failed and were not forgiven. Hindered attempts do not count."""
    return Counter(path.parent.name for path in _files(paths) if not path.name.endswith(HINDERED_SUFFIX))


def hindered_attempts(paths: SweepPaths, pack_id: str) -> int:
    """Count the attempts of a pack that were hindered and not forgiven."""
    return len(list((paths.failures / pack_id).glob(f"[!.]*{HINDERED_SUFFIX}")))


def read_failures(paths: SweepPaths) -> tuple[Failure, ...]:
    """Read every failure that was not forgiven, oldest first. A failure with a damaged file is overlooked."""
    found = [failure for path in _files(paths) if (failure := _read(path)) is not None]
    return tuple(sorted(found, key=lambda failure: failure.failed_at))


def check_failure(path: Path) -> Failure:
    """Read one failure. Raises FileNotFoundError, DamagedFileError."""
    failure = read_json(path, Failure, FAILURE, SCHEMA_VERSION)
    with meaningful(path, FAILURE):
        if failure.failed_at.tzinfo is None:
            raise ValueError(f"{failure.failed_at} has no time zone")
    return failure


def grouped(failures: Iterable[Failure], unfinished: Collection[str]) -> tuple[FailureGroup, ...]:
    """Group failures by cause, the one with the most runs first. Only runs in `unfinished` count.

    A run belongs to the cause of its latest failure only. When a pack was halved, the failures of its halves are more precise.
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
            move(path, path.with_suffix(".forgiven"))


def _files(paths: SweepPaths) -> list[Path]:
    return sorted(paths.failures.glob("*/[!.]*.json"))


def _read(path: Path) -> Failure | None:
    try:
        return check_failure(path)
    except FileNotFoundError:  # It was forgiven meanwhile.
        return None
    except DamagedFileError as error:
        overlook(error)
        return None


def _place(frames: Sequence[Frame]) -> str:
    """Choose the line of code that explains an error. The innermost frame comes first.

    It is the innermost line of the user's code that we called. Without one it is the innermost line of our own code, or else of
    any code.
    """
    ours = [index for index, frame in enumerate(frames) if is_ours(frame.filename)]
    users = (frame for frame in frames[: max(ours, default=0)] if is_users(frame.filename))
    found = next(users, frames[ours[0]] if ours else next(iter(frames), None))
    return f"{_short(found.filename)}:{found.line} in {found.name}" if found else "outside of Python"


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_PACKAGE):
        return str(path.relative_to(_PACKAGE))
    if path.is_relative_to(_TESTS):
        return str(path.relative_to(_TESTS.parent))
    return filename if is_users(filename) else path.name
