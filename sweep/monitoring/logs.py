"""Finds a log and its last lines: of an attempt at a pack, of the engine, or of what failed or runs now."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.abridged import cut
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.validation import nearest
from recipe_sweep.sweep.errors import UnknownLogError
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.failure_file import read_failures
from recipe_sweep.sweep.files.kinds import LOG
from recipe_sweep.sweep.files.pack_file import readable_records
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.files.reading import check_regular
from recipe_sweep.sweep.locks.lease import visible_launch
from recipe_sweep.sweep.results.done import read_done

FOLLOW_POLL_S = 0.5
_ENGINE = re.compile(r"engine-[0-9]{6,12}\.log")


@dataclass(frozen=True)
class LogFile:
    """A log with a title; `open` says whether its process may still write to it."""

    title: str
    path: Path
    open: Callable[[], bool]


def attempt_log(paths: SweepPaths, pack_id: str, number: int | None = None) -> LogFile:
    """Find the log of an attempt at a pack, or of its newest attempt. The beginning of the pack's id is enough.

    Raises UnknownLogError if there is no such pack or attempt.
    """
    known = sorted(folder.name for folder in paths.attempts.glob("*")) if paths.attempts.is_dir() else []
    found = [name for name in known if name.startswith(pack_id)] if pack_id else []
    if len(found) != 1:
        text = f"{len(found)} packs whose id begins with {pack_id!r}" if found else f"no pack {pack_id!r} among {len(known)}"
        hint = nearest(pack_id, known)
        raise UnknownLogError(
            Problem(
                cut(f"--pack {pack_id}"), found=text, expected="the id of a pack that was started, or its beginning", hint=hint
            )
        )
    [pack_id] = found
    attempts = {attempt.number: attempt for attempt in read_attempts(paths, pack_id)}
    if not attempts or (number is not None and number not in attempts):
        text = f"no attempt {number}" if number is not None else "no attempt"
        expected = f"one of the attempts at pack {pack_id}: {', '.join(map(str, attempts)) or 'there is none yet'}"
        place = f"--pack {pack_id}" if number is None else f"--attempt {number}"
        raise UnknownLogError(Problem(place, found=text, expected=expected))
    number = max(attempts) if number is None else number

    def is_open() -> bool:
        now = next((attempt for attempt in read_attempts(paths, pack_id) if attempt.number == number), None)
        return now is not None and now.end is AttemptEnd.OPEN and not (now.process.is_local() and not now.process.is_alive())

    chosen = attempts[number]
    end = str(chosen.end) if chosen.end is not AttemptEnd.OPEN else "at work" if is_open() else "killed"
    title = f"pack {pack_id}, attempt {number} of {max(attempts)} ({end}) on {chosen.process.host}"
    return LogFile(title, paths.pack_log(pack_id, number), is_open)


def run_log(paths: SweepPaths, run_id: str, number: int | None = None) -> LogFile:
    """Find the log of the newest pack that holds a run. Raises UnknownLogError if the run was never started."""
    packs = [record.pack.pack_id for record in readable_records(paths) if run_id in record.pack.run_ids]
    if not packs:
        raise UnknownLogError(Problem(f"--run {run_id}", found="no attempt at this run", expected="a run that was started"))
    return attempt_log(paths, packs[-1], number)


def engine_log(paths: SweepPaths) -> LogFile:
    """Find Ray's log of the newest launch that has one. Raises UnknownLogError if there is none."""
    logs = sorted(path for path in paths.logs.glob("engine-*.log") if _ENGINE.fullmatch(path.name))
    if not logs:
        raise UnknownLogError(Problem("--engine", found="no log of an engine", expected="a sweep that was launched on Ray"))
    epoch = int(logs[-1].stem.rpartition("-")[2])

    def is_open() -> bool:
        holder = visible_launch(paths.lease)
        return holder is not None and holder.epoch == epoch

    return LogFile(f"engine of launch {epoch}", logs[-1], is_open)


def interesting_logs(paths: SweepPaths) -> tuple[LogFile, ...]:
    """Find the log of the newest failed attempt whose runs are still not done; else the logs of the running packs.

    If nothing has failed and nothing is running, it is the log that was last written to.
    """
    done = read_done(paths)
    failures = [failure for failure in read_failures(paths) if not all(run in done.file_of for run in failure.run_ids)]
    if failures:
        return (attempt_log(paths, failures[-1].pack_id, failures[-1].attempt),)
    if visible_launch(paths.lease) is None:
        return _newest_log(paths)
    running = (progress.pack_id for progress in read_all_progress(paths.progress) if progress.pack_id not in done.pack_ids)
    logs = (attempt_log(paths, pack_id) for pack_id in running)
    return tuple(log for log in logs if log.open())


def _newest_log(paths: SweepPaths) -> tuple[LogFile, ...]:
    """Find the log of an attempt that was last written to; none if there is no log."""
    written = []
    for path in paths.logs.glob("*/[0-9]*.log"):
        with suppress(OSError):  # It was removed meanwhile.
            written.append((path.stat().st_mtime_ns, path))
    if not written:
        return ()
    path = max(written)[1]
    try:
        return (attempt_log(paths, path.parent.name, int(path.stem)),)
    except UnknownLogError:  # The record of the attempt is gone.
        return (LogFile(f"pack {path.parent.name}, attempt {int(path.stem)}", path, lambda: False),)


def no_log(paths: SweepPaths) -> str:
    """Say why there is no log to show, if the options name none."""
    if not paths.lease.is_dir() or not any(paths.lease.glob("[0-9]*.json")):
        return "no log: this sweep was never launched"
    return "no log to show: nothing has failed and nothing is running; --run, --pack and --engine show older ones"


def last_lines(log: LogFile, lines: int) -> tuple[str, ...]:
    """Read the end of a log, or say in brackets that it is empty or gone."""
    try:
        check_regular(log.path, LOG)
    except FileNotFoundError:
        return (f"[{log.path} does not exist (any more)]",)
    with log.path.open(errors="replace") as file:
        found = tuple(line.rstrip("\n") for line in deque(file, maxlen=lines))
    return found or ("[empty so far]",)


def follow(log: LogFile) -> Iterator[str]:
    """Yield the text that is added to a log from now on, until its process ends."""
    with log.path.open(errors="replace") as file:
        file.seek(0, 2)
        while True:
            still_open = log.open()  # This is asked first, so that everything written before the end is read below.
            text = file.read()
            if text:
                yield text
            elif not still_open:
                return
            else:
                time.sleep(FOLLOW_POLL_S)


def only_one(options: Sequence[tuple[str, object]]) -> None:
    """Refuse several options that each name a log. Raises UnknownLogError."""
    given = [name for name, value in options if value]
    if len(given) > 1:
        raise UnknownLogError(Problem(given[1], found=" beside ".join(given), expected="one of them: each names a log"))
