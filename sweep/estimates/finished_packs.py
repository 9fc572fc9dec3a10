"""Measures this machine's speed by finished packs: those of a sweep, and of the sweeps beside it.

Only files are read that a launch leaves anyway: its own, records of packs and attempts. A pack counts if it was trained in one
attempt from its start to its end. Its time is that of the attempt, so it includes the start of the process and publishing.
Packs of other machines count only for plans on clusters. Packs of other workloads do not count, and neither do those of other
numerics, because other kernels trained them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.search_spaces.point import NUMERICS_VERSION
from recipe_sweep.sweep.clusters.machines import Machines
from recipe_sweep.sweep.estimates.estimate_file import Outcome, read_outcome
from recipe_sweep.sweep.estimates.paces import Pace, kind_of, schedule_of
from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.launch_file import LaunchSettings, read_settings
from recipe_sweep.sweep.files.pack_file import read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.read import is_results_file, read_rows

MOST_PACKS = 200
"""Most packs that are read, the newest of all sweeps: enough for every kind of a large grid, and read quickly."""


def finished_paces(paths: SweepPaths, machines: Machines, workload: str) -> tuple[Pace, ...]:
    """Read the paces of finished packs on these machines, from this sweep and its neighbours, newest first."""
    found = [(time, sweep, pack_id) for sweep in _sweeps(paths, machines) for time, pack_id in _finished(sweep)]
    found.sort(key=lambda each: each[0], reverse=True)

    @cache
    def settings_of(sweep: SweepPaths, epoch: int) -> LaunchSettings | None:
        return read_settings(sweep.launch_file(epoch))

    paces = (_pace(sweep, pack_id, machines, workload, settings_of) for _, sweep, pack_id in found[:MOST_PACKS])
    return tuple(pace for pace in paces if pace is not None)


def start_seconds(paths: SweepPaths, machines: Machines) -> float | None:
    """Read how long the newest launch here took to start its first pack; None if none is known."""
    ray = machines.resources.uses_ray
    outcomes = [
        (_changed_at(path), outcome)
        for sweep in _sweeps(paths, machines)
        for path in sweep.outcome_file(0).parent.glob("[0-9]*.outcome.json")
        if (outcome := read_outcome(path)) is not None and _started(outcome, ray)
    ]
    return max(outcomes, key=lambda each: each[0])[1].start_s if outcomes else None


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # It was removed, so it counts as the oldest.
        return 0.0


def _started(outcome: Outcome, ray: bool) -> bool:
    return outcome.start_s is not None and outcome.ray is ray and outcome.host == socket.gethostname()


def _sweeps(paths: SweepPaths, machines: Machines) -> Iterator[SweepPaths]:
    """Yield the sweep itself, then those in the same folder; on a cluster only the sweep."""
    yield paths
    folder = paths.root.resolve().parent
    if machines.here and folder.is_dir():
        for file in sorted(folder.glob("*/sweep.json")):
            if file.parent != paths.root.resolve():
                yield SweepPaths(file.parent)


def _finished(sweep: SweepPaths) -> Iterator[tuple[float, str]]:
    """Yield the time of publishing and the id of each pack; nothing if this user may not read the sweep."""
    with suppress(OSError), os.scandir(sweep.results) as entries:
        for entry in entries:
            if is_results_file(entry.name):
                yield entry.stat().st_mtime, entry.name.removesuffix(".parquet")


def _pace(
    sweep: SweepPaths,
    pack_id: str,
    machines: Machines,
    workload: str,
    settings_of: Callable[[SweepPaths, int], LaunchSettings | None],
) -> Pace | None:
    """Compute a finished pack's pace; None if it does not count, or if its files cannot be read.

    A neighbour's pack may have a task of a plugin that is not loaded. Such a pack does not count.
    """
    try:
        return _known_pace(sweep, pack_id, machines, workload, settings_of)
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        RecipeSweepError,
    ):  # It had several attempts, or a file is damaged or newer.
        return None


def _known_pace(
    sweep: SweepPaths,
    pack_id: str,
    machines: Machines,
    workload: str,
    settings_of: Callable[[SweepPaths, int], LaunchSettings | None],
) -> Pace | None:
    [attempt] = read_attempts(sweep, pack_id)
    pack = read_record(sweep.pack_record(pack_id)).pack
    settings = settings_of(sweep, attempt.epoch)
    if pack.points[0].numerics != NUMERICS_VERSION:
        return None
    if settings is None or settings.workload != workload or pack.slice_of is not None or attempt.step > 0:
        return None
    if not _counts(attempt, settings.resources, machines):
        return None
    taken = _seconds(attempt)
    if taken is None:
        return None
    kind, schedule = kind_of(pack.points, settings.resources), schedule_of(pack.points[0])
    evaluated = _evaluated(sweep.pack_result(pack_id))
    return Pace(kind, len(pack.points), taken / pack.cost, schedule=schedule, evaluated=evaluated)


def _evaluated(path: Path) -> float | None:
    """Read the share of a pack's training that evaluations took; None if an older version trained it."""
    [row] = read_rows(path, ("wall_s", "evaluation_s")).slice(0, 1).to_pylist()
    return None if row["evaluation_s"] is None or not row["wall_s"] else row["evaluation_s"] / row["wall_s"]


def _counts(attempt: Attempt, resources: Resources, machines: Machines) -> bool:
    """Check whether an attempt ran on the planned machines: this one, or those of a cluster."""
    if machines.here:
        return attempt.process.host == socket.gethostname()
    return resources.address is not None or resources.taken


def _seconds(attempt: Attempt) -> float | None:
    if attempt.end is not AttemptEnd.PUBLISHED or attempt.ended_at is None:
        return None
    seconds = (datetime.fromisoformat(attempt.ended_at) - datetime.fromisoformat(attempt.began_at)).total_seconds()
    return seconds if seconds > 0 else None  # The clock was set back during the attempt.
