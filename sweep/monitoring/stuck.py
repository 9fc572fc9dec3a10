"""Packs that seem to be at work and are not: to be shown, never acted upon.

Ages of files are compared with this machine's clock, which need not be the one that wrote them; so what is called stuck
here is only said. What kills a pack is the watchdog in its own process (`sweep/worker/watchdog.py`).
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
"""A dead process is normally replaced within seconds."""
SILENT_AFTER_S = 120.0
SILENT_AFTER_STEPS = 20
"""A pack says how far it is every few seconds, or after a step where one takes longer."""
STARTING_S = 600.0
"""From the beginning of an attempt to its first progress: libraries are imported, data opened."""


@dataclass(frozen=True)
class StuckPack:
    """A pack without progress for `silent_s` seconds; `gone` where its process is. `step` is None before its first progress.

    `left_by` is the launch that is over and whose process still has the pack.
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
        """What is the matter."""
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
        """What to do."""
        if self.left_by is not None:
            return f"it can publish nothing any more and keeps others waiting: kill -9 {self.pid} there"
        if self.gone:
            return "if no other takes over: `recipe-sweep logs --engine` says why; cancel, then launch again"
        return f"its launch ends it after stuck_after_minutes (cluster file) and tries again; sooner: kill -9 {self.pid} there"


def packs_at_work(paths: SweepPaths, launch: LeaseRecord | None, done: DoneRuns) -> tuple[PackProgressFile, ...]:
    """Progress of the packs that the live launch trains; other files belong to packs that it has not come to yet."""
    if launch is None:
        return ()
    found = (progress for progress in read_all_progress(paths.progress) if progress.epoch == launch.epoch)
    return tuple(progress for progress in found if progress.pack_id not in done.pack_ids)


def stuck_packs(
    paths: SweepPaths, launch: LeaseRecord | None, at_work: Iterable[PackProgressFile], done: DoneRuns
) -> tuple[StuckPack, ...]:
    """Packs of the live launch that make no progress; `at_work` are those that have made some."""
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
