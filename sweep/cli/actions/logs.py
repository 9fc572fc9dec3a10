"""`logs`: prints the end of the logs that matter, and follows one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.cli.shared import open_reference, without_garbage_collection
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.errors import UnknownLogError
from recipe_sweep.sweep.monitoring import logs as log_files
from recipe_sweep.sweep.monitoring.run_history import find_run
from recipe_sweep.sweep.planning.opening import Reference, Target


@dataclass(frozen=True)
class LogOptions:
    """Which log to print, how much of it, and whether to follow it."""

    reference: Reference
    run_id: str | None
    pack_id: str | None
    engine: bool
    attempt: int | None
    lines: int
    follow: bool


def print_logs(options: LogOptions) -> None:
    """Print the end of the logs that the options name. Raises UnknownLogError if they name none or several."""
    _check(options)
    with without_garbage_collection():
        target = open_reference(options.reference)
        found = _found(options, target)
    for log in found:
        tell(f"==> {log.title}: {log.path}")
        say("\n".join(log_files.last_lines(log, options.lines)), flush=True)
    if not found:
        tell(log_files.no_log(target.paths))
    elif options.follow and found[0].path.exists():
        _follow(found)


def _check(options: LogOptions) -> None:
    log_files.only_one((("--run", options.run_id), ("--pack", options.pack_id), ("--engine", options.engine)))
    if options.attempt is not None and options.run_id is None and options.pack_id is None:
        given = f"--attempt {options.attempt}"
        raise UnknownLogError(Problem(given, found="no --run or --pack beside it", expected="one of them"))


def _found(options: LogOptions, target: Target) -> Sequence[log_files.LogFile]:
    paths = target.paths
    if options.run_id is not None:
        return [log_files.run_log(paths, find_run(target, options.run_id).run_id, options.attempt)]
    if options.pack_id is not None:
        return [log_files.attempt_log(paths, options.pack_id, options.attempt)]
    if options.engine:
        return [log_files.engine_log(paths)]
    return list(log_files.interesting_logs(paths))


def _follow(found: Sequence[log_files.LogFile]) -> None:
    if len(found) > 1:
        tell(f"==> following {found[0].title}; --pack names another", flush=True)
    for text in log_files.follow(found[0]):
        say(text, end="", flush=True)
