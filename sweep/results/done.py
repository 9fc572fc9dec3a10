"""Which runs are done: read from the results files, through an index that is rebuilt when it is stale.

The results directory is the truth. But a sweep can have thousands of files in it, and opening them all takes seconds. Files
never change after they are published. So `index/done.json` remembers the content of each by its name, size and time. A call
opens only the files that the index does not know. The index can be deleted at any time.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import move, replace_json
from recipe_sweep.sweep.files.folders import check_usable
from recipe_sweep.sweep.files.kinds import INDEX, RESULTS
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import point_from_text
from recipe_sweep.sweep.files.reading import check_regular, meaningful, read_json
from recipe_sweep.sweep.results.read import Rank, is_results_file, note_newer, read_rows, schema_version
from recipe_sweep.trainers.results import RunStatus

if TYPE_CHECKING:
    import pyarrow as pa

INDEX_VERSION = 6
_READ = (
    *("run_id", "status", "pack_id", "epoch", "attempt", "device", "wall_s", "cpu_s", "data_hash"),
    *("score", "diverged_step", "curve_step"),
)


@dataclass(frozen=True)
class ResultFile:
    """What the ledger remembers of one results file. `wall_s` and `cpu_s` are those of the whole pack.

    `scores` and `steps` are those of each run, in the order of `run_ids`. A score that is no number is None. Steps are those
    that the run was trained for.

    `rehearsal` means that its results are made up. `weights_missing` means that `keep` promised weights that do not exist.
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
    schema_version: int = 1
    weights_missing: bool = False
    scores: tuple[float | None, ...] = ()
    steps: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class DoneRuns:
    """Everything published in a sweep. `damaged` are results files that cannot be read, so they do not count."""

    files: tuple[ResultFile, ...]
    damaged: tuple[DamagedFileError, ...] = ()

    @cached_property
    def file_of(self) -> Mapping[str, ResultFile]:
        """The file that counts for each done run. If several hold a run, it is the lowest epoch, then the lowest pack id."""
        chosen: dict[str, ResultFile] = {}
        for file in sorted(self.files, key=lambda file: Rank(file.epoch, file.pack_id)):
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
        """Runs that several files hold, with the packs of these files. There should be none; `doctor` reports them."""
        packs: dict[str, list[str]] = {}
        for file in self.files:
            for run_id in file.run_ids:
                packs.setdefault(run_id, []).append(file.pack_id)
        return {run_id: tuple(sorted(ids)) for run_id, ids in packs.items() if len(ids) > 1}


def read_done(paths: SweepPaths) -> DoneRuns:
    """Read every published run; damaged results files are overlooked.

    Raises SweepDirectoryError if their folder cannot be used.
    """
    ledger = Ledger(paths)
    done = ledger.read()
    ledger.remember()
    return done


class Ledger:
    """Reads a sweep's published runs repeatedly, and opens each results file once. It is for commands that watch a sweep."""

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths
        self._indexed = _read_index(paths.done_index)
        self._files = {file.pack_id: file for file in self._indexed}
        self._damaged = False

    def read(self) -> DoneRuns:
        """Read every run published so far; damaged files are overlooked.

        Raises SweepDirectoryError if their folder cannot be used.
        """
        check_usable((self._paths.results, self._paths.weights))
        files, damaged = {}, []
        for name, (size, mtime_ns) in _present(self._paths.results).items():
            file = self._files.get(name)
            try:
                if file is None or (file.size, file.mtime_ns) != (size, mtime_ns):
                    file = _read_file(self._paths.pack_result(name), size, mtime_ns)
            except FileNotFoundError:  # It was moved away meanwhile.
                continue
            except DamagedFileError as error:
                overlook(error)
                damaged.append(error)
                continue
            files[name] = file
        self._files, self._damaged = files, bool(damaged)
        note_newer(self._paths.results, (file.schema_version for file in files.values()))
        return DoneRuns(_with_weights_checked(self._paths, files.values()), tuple(damaged))

    def remember(self) -> None:
        """Update the index that the next process reads. If a file is damaged, write nothing: the command may be refused."""
        files = tuple(self._files.values())
        if files != self._indexed and not self._damaged:
            _write_index(self._paths.done_index, files)
            self._indexed = files


def read_points(paths: SweepPaths, pack_ids: Iterable[str]) -> dict[str, DesignPoint]:
    """Read the points of the given finished packs, by run id.

    Damaged files are overlooked, and so are those with points of a newer version.
    """
    points: dict[str, DesignPoint] = {}
    for path in (paths.pack_result(pack_id) for pack_id in pack_ids):
        try:
            table = read_rows(path, ("run_id", "point"))
            with meaningful(path, RESULTS):
                for run_id, text in zip(table["run_id"].to_pylist(), table["point"].to_pylist(), strict=True):
                    points[run_id] = point_from_text(text)
        except FileNotFoundError:
            continue
        except DamagedFileError as error:
            overlook(error)
    return points


def done_points(paths: SweepPaths, done: DoneRuns, known: Iterable[DesignPoint]) -> list[DesignPoint]:
    """List the points of all done runs. Only those that are not among the `known` are read from their results files."""
    inside = [point for point in known if point.run_id in done.file_of]
    outside = done.file_of.keys() - {point.run_id for point in inside}
    read = read_points(paths, sorted({done.file_of[run_id].pack_id for run_id in outside}))
    return inside + [read[run_id] for run_id in sorted(outside) if run_id in read]


def check_result(path: Path) -> None:
    """Read every column of a results file.

    Raises DamagedFileError if one cannot be read, FileNotFoundError if the file is gone.
    """
    _result_file(path, read_rows(path), 0, 0)


def set_aside(paths: SweepPaths, files: Iterable[ResultFile]) -> None:
    """Move results files whose weights are gone to another folder. Then their runs can be trained and published again."""
    for file in files:
        paths.set_aside.mkdir(exist_ok=True)
        move(paths.pack_result(file.pack_id), paths.set_aside / f"{file.pack_id}.{file.epoch}-{file.attempt}.parquet")


def _present(results: Path) -> dict[str, tuple[int, int]]:
    """List the results files by name without suffix, with size and time.

    The values are (-1, 0) for anything else with such a name.
    """
    if not results.exists():
        return {}
    with os.scandir(results) as entries:
        found = {entry.name: entry for entry in entries if is_results_file(entry.name)}
    return {name.removesuffix(".parquet"): _size_and_time(entry) for name, entry in sorted(found.items())}


def _size_and_time(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        found = entry.stat()
    except OSError:  # It is a broken link. Reading the file will report it.
        return -1, 0
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else (-1, 0)


def _with_weights_checked(paths: SweepPaths, files: Iterable[ResultFile]) -> tuple[ResultFile, ...]:
    kept = set(os.listdir(paths.weights)) if paths.weights.exists() else set()
    return tuple(
        file
        if file.keep is Keep.NONE or paths.pack_weights(file.pack_id, file.epoch, file.attempt).name in kept
        else replace(file, weights_missing=True)
        for file in files
    )


def _read_file(path: Path, size: int, mtime_ns: int) -> ResultFile:
    return _result_file(path, read_rows(path, _READ), size, mtime_ns)


def _result_file(path: Path, table: pa.Table, size: int, mtime_ns: int) -> ResultFile:
    from recipe_sweep.sweep.results.schema import KEEP_METADATA, REHEARSAL

    kept = table.schema.metadata.get(KEEP_METADATA, b"")
    if kept not in {keep.value.encode() for keep in Keep}:
        raise RESULTS.damaged(path, "a Parquet file that does not say which weights were kept")
    rows = table.select(_READ).to_pylist()
    return ResultFile(
        pack_id=path.stem,
        size=size,
        mtime_ns=mtime_ns,
        run_ids=tuple(row["run_id"] for row in rows),
        diverged=tuple(row["run_id"] for row in rows if row["status"] == RunStatus.DIVERGED),
        pruned=tuple(row["run_id"] for row in rows if row["status"] == RunStatus.PRUNED),
        epoch=rows[0]["epoch"],
        attempt=rows[0]["attempt"],
        keep=Keep(kept.decode()),
        device=rows[0]["device"] or "",
        wall_s=sum(row["wall_s"] or 0.0 for row in rows),
        cpu_s=sum(row["cpu_s"] or 0.0 for row in rows),
        rehearsal=any((row["data_hash"] or "").startswith(REHEARSAL) for row in rows),
        schema_version=schema_version(table),
        scores=tuple(_finite(row["score"]) for row in rows),
        steps=tuple(row["diverged_step"] or max(row["curve_step"] or (), default=None) for row in rows),
    )


def _finite(score: float | None) -> float | None:
    """Return a score, or None for one that is no number, which JSON cannot hold."""
    return score if score is not None and math.isfinite(score) else None


def _read_index(path: Path) -> tuple[ResultFile, ...]:
    """Read the index as last written.

    It is empty if the file is gone, torn or of another version. Then it is made again.
    """
    try:
        content = read_json(path, _Index, INDEX)
    except FileNotFoundError:
        return ()
    except DamagedFileError as error:
        if not path.is_file():  # It may be something that must not be replaced.
            overlook(error)
        return ()
    whole = all(len(file.run_ids) == len(file.scores) == len(file.steps) for file in content.files)
    return content.files if content.version == INDEX_VERSION and whole else ()


@dataclass(frozen=True)
class _Index:
    """Content of the index file."""

    version: int
    files: tuple[ResultFile, ...]


def _write_index(path: Path, files: Iterable[ResultFile]) -> None:
    entries = [{name: value for name, value in vars(file).items() if name != "weights_missing"} for file in files]
    try:
        with suppress(FileNotFoundError):
            check_regular(path, INDEX)
        replace_json(path, {"version": INDEX_VERSION, "files": entries}, dense=True)
    except (OSError, DamagedFileError):
        return  # The sweep is read-only, or the disk is full. The next call reads the files again.
