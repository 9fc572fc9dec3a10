"""The runs of a sweep, as its files are now: results, and progress of packs that are being trained.

Results files never change, so each is read once. Only the columns that MLflow shows are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.kinds import PROGRESS, RESULTS
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import fields_of_text
from recipe_sweep.sweep.files.progress_file import PackProgressFile, progress_path, read_all_progress
from recipe_sweep.sweep.files.reading import meaningful
from recipe_sweep.sweep.results.read import Rank, read_rows, result_files
from recipe_sweep.sweep.tracking.entries import KnownRun
from recipe_sweep.trainers.results import CurvePoint, RunStatus
from recipe_sweep.trainers.task import ReturnScale

T = TypeVar("T")

_COLUMNS = [
    *("run_id", "config_id", "seed", "point", "pack_id", "epoch", "status", "scale_min", "scale_max"),
    *("curve_step", "curve_return", "curve_return_std", "started_at", "finished_at", "wall_s"),
]


class SweepRecords:
    """Known runs by run_id, kept up to date by `refresh`."""

    def __init__(self, sweep_dir: Path) -> None:
        self._paths = SweepPaths(sweep_dir)
        self._read: set[str] = set()
        self._done: dict[str, tuple[Rank, KnownRun]] = {}
        self._under_way: dict[str, KnownRun] = {}
        self._seen: dict[str, datetime] = {}

    def refresh(self) -> set[str]:
        """Read what is new on disk; return the config_ids with any change."""
        touched = self._refresh_progress()
        for path in result_files(self._paths.results):
            if path.name not in self._read:
                touched |= self._add_results(path)
        for run_id in self._done.keys() & self._under_way.keys():
            del self._under_way[run_id]
        return touched

    def by_config(self) -> Mapping[str, list[KnownRun]]:
        """Group all known runs by configuration."""
        groups: dict[str, list[KnownRun]] = defaultdict(list)
        for run in (*(run for _, run in self._done.values()), *self._under_way.values()):
            groups[run.config_id].append(run)
        return groups

    def _add_results(self, path: Path) -> set[str]:
        try:
            rows = read_rows(path, _COLUMNS).to_pylist()
            with meaningful(path, RESULTS):
                runs = [_finished(row) for row in rows]
        except FileNotFoundError:
            return set()
        except DamagedFileError as error:
            overlook(error)
            return set()
        self._read.add(path.name)
        for row, run in zip(rows, runs, strict=True):
            # If a run has two rows, that of the oldest launch counts, as in the report.
            order = Rank(row["epoch"], row["pack_id"])
            present = self._done.get(row["run_id"])
            if present is None or order < present[0]:
                self._done[row["run_id"]] = (order, run)
        return {row["config_id"] for row in rows}

    def _refresh_progress(self) -> set[str]:
        """Replace the running runs by what the progress files say now. Packs without a file are gone."""
        packs = list(read_all_progress(self._paths.progress))
        seen = {pack.pack_id: pack.updated_at for pack in packs}
        if seen == self._seen:
            return set()
        before = self._under_way
        self._seen = seen
        self._under_way = {run.run_id: run for pack in packs for run in self._told(pack) if run.run_id not in self._done}
        changed = {run_id for run_id in before | self._under_way if before.get(run_id) != self._under_way.get(run_id)}
        return {(self._under_way.get(run_id) or before[run_id]).config_id for run_id in changed}

    def _told(self, pack: PackProgressFile) -> list[KnownRun]:
        path = progress_path(self._paths.progress, pack.pack_id)
        try:
            with meaningful(path, PROGRESS):
                return _under_way(pack)
        except DamagedFileError as error:
            overlook(error)
            return []


def _finished(row: Mapping[str, object]) -> KnownRun:
    columns = (row[name] for name in ("curve_step", "curve_return", "curve_return_std"))
    return KnownRun(
        run_id=_as(str, row["run_id"]),
        config_id=_as(str, row["config_id"]),
        seed=_as(int, row["seed"]),
        point=_as(str, row["point"]),
        pack_id=_as(str, row["pack_id"]),
        curve=tuple(CurvePoint(*point) for point in zip(*(_as(list, column) for column in columns), strict=True)),
        scale=ReturnScale(_as(float, row["scale_min"]), _as(float, row["scale_max"])),
        status=RunStatus(_as(str, row["status"])),
        started_at=_as(datetime, row["started_at"]),
        seen_at=_as(datetime, row["finished_at"]),
        wall_s=_as(float, row["wall_s"]),
    )


def _as(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value


def _under_way(pack: PackProgressFile) -> list[KnownRun]:
    return [
        KnownRun(
            run_id=run.run_id,
            config_id=run.config_id,
            seed=fields_of_text(run.point)["seed"],
            point=run.point,
            pack_id=pack.pack_id,
            curve=run.curve,
            scale=ReturnScale(pack.scale_min, pack.scale_max),
            status=None,
            started_at=pack.started_at.astimezone(UTC),
            seen_at=pack.updated_at.astimezone(UTC),
            wall_s=None,
        )
        for run in pack.runs
    ]
