"""Finds packs that seem to run but make no progress. They are shown, and nothing else is done to them.

Ages of files are compared with this machine's clock. Another machine, with another clock, may have written them. So the
result is only a hint. The watchdog in a pack's own process kills a pack (`sweep/worker/watchdog.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import PackProgressFile, progress_path, read_all_progress
from recipe_sweep.sweep.locks.claim import leftover
from recipe_sweep.sweep.locks.lease import LeaseRecord
from recipe_sweep.sweep.results.done import DoneRuns
from recipe_sweep.sweep.units import in_minutes

GONE_AFTER_S = 60.0
"""Silence after which a dead process counts as stuck; normally it is replaced within seconds."""
SILENT_AFTER_S = 120.0
SILENT_AFTER_STEPS = 20
"""Steps of silence after which a pack counts as stuck. It reports every few seconds, or after each longer step."""
STARTING_S = 600.0
"""Longest start of an attempt, until its first progress. It imports libraries and opens data."""


@dataclass(frozen=True)
class StuckPack:
    """A pack without progress for `silent_s` seconds; `gone` if its process is. `step` is None before its first progress.

    `left_by` is an earlier launch, which has ended, if its process still has the pack.
    """

    pack_id: str
    attempt: int
    step: int | None
    silent_s: float
    gone: bool
    host: str
    pid: int
    left_by: int | None = None

    @property
    def text(self) -> str:
        """Sentence that says what is wrong."""
        if self.left_by is not None:
            return (
                f"pack {self.pack_id} is kept by pid {self.pid} on {self.host}, left behind by launch {self.left_by}: no sign "
                f"of it for {in_minutes(self.silent_s)}"
            )
        place = "before its first step" if self.step is None else f"at step {self.step:,}"
        process = f"pid {self.pid} on {self.host}" + (", which is gone" if self.gone else "")
        return f"pack {self.pack_id} is stuck: no progress for {in_minutes(self.silent_s)}, {place} ({process})"

    @property
    def remedy(self) -> str:
        """Sentence that says what to do."""
        if self.left_by is not None:
            return f"it can no longer publish, and blocks its pack: kill -9 {self.pid} on {self.host}"
        if self.gone:
            return "if no other process takes over: `recipe-sweep logs --engine` says why; cancel, then launch again"
        return f"its launch ends it after stuck_after_minutes (cluster file) and tries again; sooner: kill -9 {self.pid} there"


def packs_at_work(paths: SweepPaths, launch: LeaseRecord | None, done: DoneRuns) -> tuple[PackProgressFile, ...]:
    """Read the progress of the packs that the live launch trains. Other files are of packs that it has not started yet."""
    if launch is None:
        return ()
    found = (progress for progress in read_all_progress(paths.progress) if progress.epoch == launch.epoch)
    return tuple(progress for progress in found if progress.pack_id not in done.pack_ids)


def stuck_packs(
    paths: SweepPaths, launch: LeaseRecord | None, at_work: Iterable[PackProgressFile], done: DoneRuns
) -> tuple[StuckPack, ...]:
    """Find packs of the live launch that make no progress; `at_work` are those that have made some."""
    if launch is None:
        return ()
    progress = {pack.pack_id: pack for pack in at_work}
    return tuple(sorted(_stuck(paths, launch, progress, done), key=lambda pack: -pack.silent_s))


def _stuck(
    paths: SweepPaths, launch: LeaseRecord, progress: dict[str, PackProgressFile], done: DoneRuns
) -> Iterator[StuckPack]:
    started = {folder.name for folder in paths.attempts.glob("*")} - done.pack_ids
    for pack_id in started:
        attempt = next(reversed(read_attempts(paths, pack_id)), None)
        if attempt is None or attempt.end is not AttemptEnd.OPEN:
            continue
        signs = (paths.pack_attempt(pack_id, attempt.number), progress_path(paths.progress, pack_id))
        silent_s = min(_age_s(path) for path in signs)
        if attempt.epoch == launch.epoch:
            yield from _silent(attempt, silent_s, progress.get(pack_id))
        elif silent_s > GONE_AFTER_S and (left := leftover(paths, pack_id, launch.epoch)) is not None:
            process = left.process
            yield StuckPack(pack_id, attempt.number, None, silent_s, False, process.host, process.pid, left_by=left.epoch)


def _silent(attempt: Attempt, silent_s: float, pack: PackProgressFile | None) -> Iterator[StuckPack]:
    process = attempt.process
    gone = process.is_local() and not process.is_alive()
    if silent_s > (GONE_AFTER_S if gone else _patience_s(pack)):
        step = None if pack is None else pack.step
        yield StuckPack(attempt.pack_id, attempt.number, step, silent_s, gone, process.host, process.pid)


def _patience_s(pack: PackProgressFile | None) -> float:
    if pack is None:
        return STARTING_S
    steps = pack.step - pack.resumed_step
    step_s = (pack.updated_at - pack.started_at).total_seconds() / steps if steps > 0 else 0.0
    return max(SILENT_AFTER_S, SILENT_AFTER_STEPS * step_s)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
