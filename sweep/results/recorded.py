"""Reads a finished pack with everything that its numbers depend on, so that it can be trained again and compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from recipe_sweep.search_spaces.point import PACK_INDEPENDENT_SINCE, DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.kinds import RESULTS
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import point_from_text
from recipe_sweep.sweep.files.reading import meaningful
from recipe_sweep.sweep.results.done import ResultFile
from recipe_sweep.sweep.results.read import read_rows
from recipe_sweep.trainers.results import CurvePoint

_READ = (
    "run_id", "point", "status", "diverged_step", "score", "curve_step", "curve_return", "curve_return_std", "curve_win_rate",
    "data_hash", "code_version", "torch_version", "device", "threads", "host", "machine", "pack_dependent",
)  # fmt: skip


class RecordedRun(NamedTuple):
    """One run of a finished pack."""

    point: DesignPoint
    status: str
    diverged_step: int | None
    score: float | None
    """None if the run was not evaluated"""
    curve: tuple[CurvePoint, ...]


class Setting(NamedTuple):
    """What decides the last digits of a pack's numbers, besides its members. None where an old file does not say it."""

    code_version: str | None
    torch_version: str | None
    device: str | None
    threads: int | None
    host: str | None
    machine: str | None
    """kind of machine"""


class RecordedPack(NamedTuple):
    """A finished pack. `weights` is the file of its final weights; None if none were kept.

    `cut` means that its first steps may have been taken in a larger pack. `pack_dependent` means that the last digits of a run
    depend on the others of the pack, because of the device.
    """

    pack_id: str
    runs: tuple[RecordedRun, ...]
    setting: Setting
    data_hash: str
    keep: Keep
    weights: Path | None
    cut: bool
    pack_dependent: bool

    @property
    def points(self) -> tuple[DesignPoint, ...]:
        """Its members in lane order."""
        return tuple(run.point for run in self.runs)

    @property
    def numerics(self) -> int:
        """Version of its numbers."""
        return self.runs[0].point.numerics

    @property
    def same_alone(self) -> bool:
        """Whether each of its runs has the same bits if it is trained alone."""
        return self.numerics >= PACK_INDEPENDENT_SINCE and not self.pack_dependent


def recorded_pack(paths: SweepPaths, file: ResultFile) -> RecordedPack:
    """Read a finished pack. Raises DamagedFileError, FileNotFoundError."""
    path = paths.pack_result(file.pack_id)
    table = read_rows(path, _READ)
    with meaningful(path, RESULTS):
        rows = table.to_pylist()
        runs = tuple(
            RecordedRun(
                point_from_text(row["point"]),
                row["status"],
                row["diverged_step"],
                row["score"],
                _curve(row),
            )
            for row in rows
        )
        if Pack(tuple(run.point for run in runs)).pack_id != file.pack_id:
            raise ValueError("its members hash to another pack")
        setting = Setting(*(rows[0][name] for name in Setting._fields))
    weights = None if file.keep is Keep.NONE else paths.pack_weights(file.pack_id, file.epoch, file.attempt)
    return RecordedPack(
        file.pack_id, runs, setting, rows[0]["data_hash"], file.keep, weights, _cut(paths, file.pack_id),
        pack_dependent=any(row["pack_dependent"] for row in rows),
    )  # fmt: skip


def _curve(row: Mapping[str, Any]) -> tuple[CurvePoint, ...]:
    steps, rates = row["curve_step"], row["curve_win_rate"]
    columns = steps, row["curve_return"], row["curve_return_std"], [None] * len(steps) if rates is None else rates
    return tuple(CurvePoint(*point) for point in zip(*columns, strict=True))


def _cut(paths: SweepPaths, pack_id: str) -> bool:
    record = paths.pack_record(pack_id)
    return record.exists() and read_record(record).pack.slice_of is not None
