"""Which runs are done: read from the results files, through an index that is rebuilt wherever it is stale.

The results directory is the truth, but a sweep can have thousands of files in it, and opening them all takes seconds. Files
never change once published, so `index/done.json` remembers what each said under its name, size and time; a call opens only
the files that the index does not know. The index can be deleted at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.folders import check_usable
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import point_from_canonical
from recipe_sweep.trainers.results import RunStatus

INDEX_VERSION = 4
_READ = ("run_id", "status", "pack_id", "epoch", "attempt", "device", "wall_s", "cpu_s", "data_hash")


@dataclass(frozen=True)
class ResultFile:
    """What the ledger remembers of one results file; `wall_s` and `cpu_s` are the whole pack's.

    `rehearsal`: its results are made up. `weights_missing`: `keep` promised weights that are not there.
    """

    pack_id: str
    size: int
    mtime_ns: int
    run_ids: tuple[str, ...]
    diverged: tuple[str, ...]
    pruned: tuple[str, ...]
    epoch: int
    attempt: int
    keep: Keep
    device: str
    wall_s: float
    cpu_s: float
    rehearsal: bool
    weights_missing: bool = False


@dataclass(frozen=True)
class DoneRuns:
    """Everything published in a sweep."""

    files: tuple[ResultFile, ...]

    @cached_property
    def file_of(self) -> Mapping[str, ResultFile]:
        """The file that counts for each done run: of several, that of the lowest epoch, then of the lowest pack id."""
        chosen: dict[str, ResultFile] = {}
        for file in sorted(self.files, key=lambda file: (file.epoch, file.pack_id)):
            if not file.weights_missing:
                for run_id in file.run_ids:
                    chosen.setdefault(run_id, file)
        return chosen

    @cached_property
    def diverged(self) -> frozenset[str]:
        """The done runs that diverged."""
        return frozenset(run for file in self.files for run in file.diverged if self.file_of.get(run) is file)

    @cached_property
    def pruned(self) -> frozenset[str]:
        """The done runs that a search ended early."""
        return frozenset(run for file in self.files for run in file.pruned if self.file_of.get(run) is file)

    @cached_property
    def pack_ids(self) -> frozenset[str]:
        """Packs whose results are complete."""
        return frozenset(file.pack_id for file in self.files if not file.weights_missing)

    @cached_property
    def duplicates(self) -> Mapping[str, tuple[str, ...]]:
        """Runs that several files hold, with these files' packs. There should be none; `doctor` reports them."""
        packs: dict[str, list[str]] = {}
        for file in self.files:
            for run_id in file.run_ids:
                packs.setdefault(run_id, []).append(file.pack_id)
        return {run_id: tuple(sorted(ids)) for run_id, ids in packs.items() if len(ids) > 1}


def read_done(paths: SweepPaths) -> DoneRuns:
    """Every published run. Raises SweepDirectoryError where a results file cannot be read."""
    ledger = Ledger(paths)
    done = ledger.read()
    ledger.remember()
    return done


class Ledger:
    """Reads a sweep's published runs again and again, opening each results file once; for who watches a sweep."""

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths
        self._indexed = _read_index(paths.done_index)
        self._files = {file.pack_id: file for file in self._indexed}

    def read(self) -> DoneRuns:
        """Every run published by now. Raises SweepDirectoryError where a results file, or their folder, cannot be read."""
        check_usable((self._paths.results, self._paths.weights))
        files = {}
        for pack_id, (size, mtime_ns) in _present(self._paths.results).items():
            file = self._files.get(pack_id)
            if file is None or (file.size, file.mtime_ns) != (size, mtime_ns):
                file = _read_file(self._paths.pack_result(pack_id), size, mtime_ns)
            files[pack_id] = file
        self._files = files
        return DoneRuns(_with_weights_checked(self._paths, files.values()))

    def remember(self) -> None:
        """Bring the index up to date, for the next process."""
        files = tuple(self._files.values())
        if files != self._indexed:
            _write_index(self._paths.done_index, files)
            self._indexed = files


def read_rows(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The rows of one results file, of the given columns alone. Raises as `pyarrow.parquet.ParquetFile`.

    Not by `pq.read_table`, nor threads: of a small file the dataset layer and the handing over take most of the time.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as opened:
        rows: list[dict[str, Any]] = opened.read(columns=columns and list(columns), use_threads=False).to_pylist()
    return rows


def read_points(paths: SweepPaths, pack_ids: Iterable[str]) -> dict[str, DesignPoint]:
    """The points of the given finished packs by run id, from their results files."""
    points: dict[str, DesignPoint] = {}
    for pack_id in pack_ids:
        for row in read_rows(paths.pack_result(pack_id), ("run_id", "point")):
            points[row["run_id"]] = point_from_canonical(json.loads(row["point"]))
    return points


def set_aside(paths: SweepPaths, files: Iterable[ResultFile]) -> None:
    """Move results files whose weights are gone out of the way, so that their runs can be trained and published again."""
    for file in files:
        paths.set_aside.mkdir(exist_ok=True)
        paths.pack_result(file.pack_id).replace(paths.set_aside / f"{file.pack_id}.{file.epoch}-{file.attempt}.parquet")


def _present(results: Path) -> dict[str, tuple[int, int]]:
    if not results.exists():
        return {}
    with os.scandir(results) as entries:
        stats = {entry.name: entry.stat() for entry in entries if entry.name.endswith(".parquet")}
    return {name.removesuffix(".parquet"): (stat.st_size, stat.st_mtime_ns) for name, stat in sorted(stats.items())}


def _with_weights_checked(paths: SweepPaths, files: Iterable[ResultFile]) -> tuple[ResultFile, ...]:
    kept = set(os.listdir(paths.weights)) if paths.weights.exists() else set()
    return tuple(
        file
        if file.keep is Keep.NONE or paths.pack_weights(file.pack_id, file.epoch, file.attempt).name in kept
        else replace(file, weights_missing=True)
        for file in files
    )


def _read_file(path: Path, size: int, mtime_ns: int) -> ResultFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from recipe_sweep.sweep.results.schema import KEEP_METADATA, REHEARSAL

    try:
        # Not pq.read_table, nor threads: of a small file the dataset layer and the handing over take most of the time.
        with pq.ParquetFile(path) as opened:
            table = opened.read(columns=list(_READ), use_threads=False)
        keep = Keep((table.schema.metadata or {})[KEEP_METADATA].decode())
        rows = table.to_pylist()
        if rows[0]["pack_id"] != path.stem:
            raise ValueError(f"it holds pack {rows[0]['pack_id']}")
    except (OSError, pa.ArrowException, KeyError, IndexError, ValueError) as error:
        problem = Problem(
            str(path), found=f"no readable results ({str(error).splitlines()[0]})", expected="Parquet that this product wrote",
            hint="move the file away: the runs it held will be trained again",
        )  # fmt: skip
        raise SweepDirectoryError(problem) from error
    return ResultFile(
        pack_id=path.stem,
        size=size,
        mtime_ns=mtime_ns,
        run_ids=tuple(row["run_id"] for row in rows),
        diverged=tuple(row["run_id"] for row in rows if row["status"] == RunStatus.DIVERGED),
        pruned=tuple(row["run_id"] for row in rows if row["status"] == RunStatus.PRUNED),
        epoch=rows[0]["epoch"],
        attempt=rows[0]["attempt"],
        keep=keep,
        device=rows[0]["device"],
        wall_s=sum(row["wall_s"] for row in rows),
        cpu_s=sum(row["cpu_s"] for row in rows),
        rehearsal=any(row["data_hash"].startswith(REHEARSAL) for row in rows),
    )


def _read_index(path: Path) -> tuple[ResultFile, ...]:
    """The index as last written; empty where it is gone, torn or of another version."""
    try:
        content = json.loads(path.read_text())
        if content["version"] != INDEX_VERSION:
            return ()
        return tuple(
            ResultFile(
                **{
                    **file,
                    "run_ids": tuple(file["run_ids"]),
                    "diverged": tuple(file["diverged"]),
                    "pruned": tuple(file["pruned"]),
                    "keep": Keep(file["keep"]),
                }
            )
            for file in content["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _write_index(path: Path, files: Iterable[ResultFile]) -> None:
    entries = [{name: value for name, value in vars(file).items() if name != "weights_missing"} for file in files]
    try:
        replace_json(path, {"version": INDEX_VERSION, "files": entries}, dense=True)
    except OSError:
        return  # A sweep one may only read, or a full disk: the index is a convenience, the next call reads the files again.
