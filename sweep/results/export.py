"""Exports results of a sweep: all rows as one table, or one run's policy as one file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.out_file import is_stream, writing
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import canonical_text
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.json_cells import json_texts
from recipe_sweep.sweep.results.kept import kept_file
from recipe_sweep.sweep.results.spreadsheet import harmless_table

ROWS_AT_ONCE = 1_024
"""Rows that are written together as one group of Parquet. In memory they take about 15 KB each."""


class TableFormat(StrEnum):
    """Formats of an exported table, by the suffix of its file."""

    CSV = ".csv"
    PARQUET = ".parquet"


def table_format(path: Path) -> TableFormat:
    """Return the format of a file's suffix. A pipe or standard output without a suffix gets CSV.

    Raises SweepDirectoryError for another suffix.
    """
    if is_stream(path) and not path.suffix:
        return TableFormat.CSV
    try:
        return TableFormat(path.suffix.lower())
    except ValueError:
        expected = f"one of {', '.join(TableFormat)}, or - to print CSV"
        raise SweepDirectoryError(Problem(f"-o {path}", found=f"the suffix {path.suffix!r}", expected=expected)) from None


def export_table(paths: SweepPaths, wanted: Collection[str], target: Path, *, curves: bool = True) -> int:
    """Write one row per done run of `wanted`; without `curves`, no columns of lists. Returns the number of rows.

    In CSV, lists are JSON text, and texts that look like formulas are made harmless. Raises SweepDirectoryError if no run is
    done.
    """
    from recipe_sweep.sweep.results.read import readable

    kind = table_format(target)
    done = read_done(paths)
    runs_of: defaultdict[str, set[str]] = defaultdict(set)
    for run_id, file in done.file_of.items():
        if run_id in wanted:
            runs_of[file.pack_id].add(run_id)
    if not runs_of:
        raise SweepDirectoryError(Problem(str(paths.root), found="no finished run of this grid", expected="at least one"))
    mark = any(file.rehearsal for file in done.files)
    files = (paths.pack_result(pack_id) for pack_id in sorted(runs_of))
    tables = readable(files, lambda path: _read(path, runs_of[path.stem], mark=mark, curves=curves))
    write = _write_parquet if kind is TableFormat.PARQUET else _write_csv
    with writing(target) as out:
        rows = write(tables, out)
        if not rows:
            raise SweepDirectoryError(Problem(str(paths.root), found="no results that can be read", expected="at least one"))
    return rows


def export_policy(paths: SweepPaths, point: DesignPoint, target: Path) -> tuple[str, ...]:
    """Write one run's kept weights as safetensors that `safetensors.torch.load_file` reads.

    Returns the names of the arrays. The file's metadata holds the run's id and its whole point. Raises as `kept_file`.
    """
    from recipe_sweep.sweep.results.weights import export_run

    if target.suffix != ".safetensors":
        problem = Problem(f"-o {target}", found=f"the suffix {target.suffix!r}", expected=".safetensors")
        raise SweepDirectoryError(problem)
    source = policy_file(paths, point, f"--policy {point.run_id}")
    return export_run(source, point.run_id, target, {"run_id": point.run_id, "point": canonical_text(point)})


def policy_file(paths: SweepPaths, point: DesignPoint, asked: str) -> Path:
    """Find the file of a finished run's kept weights. `asked` names the request in errors. Raises as `kept_file`."""
    file = kept_file(paths, point, asked)
    return paths.pack_weights(file.pack_id, file.epoch, file.attempt)


def _read(path: Path, runs: Collection[str], *, mark: bool, curves: bool) -> Any:
    """Read the rows of `runs` from one results file, in the columns that this version knows, and their settings.

    `mark` adds a column that marks a rehearsal. Without `curves`, columns of lists are left out.
    """
    import pyarrow as pa

    from recipe_sweep.sweep.results.read import read_rows
    from recipe_sweep.sweep.results.schema import REHEARSAL, SCHEMA
    from recipe_sweep.sweep.results.settings import with_settings

    table = read_rows(path, [field.name for field in SCHEMA if curves or not pa.types.is_nested(field.type)])
    keep = [run_id in runs for run_id in table["run_id"].to_pylist()]
    if not all(keep):
        table = table.filter(pa.array(keep))
    table = with_settings(table.replace_schema_metadata(None))
    return table.add_column(0, REHEARSAL, pa.array(["made up"] * table.num_rows)) if mark else table


def _write_parquet(tables: Iterable[Any], file: BinaryIO) -> int:
    import pyarrow.parquet as pq

    writer, rows = None, 0
    for table in _gathered(tables):
        writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table)
        rows += table.num_rows
    if writer is not None:
        writer.close()
    return rows


def _write_csv(tables: Iterable[Any], file: BinaryIO) -> int:
    import pyarrow.csv as pa_csv

    writer, rows = None, 0
    for table in tables:
        flat = _flat(harmless_table(table))
        writer = writer or pa_csv.CSVWriter(file, flat.schema)
        writer.write_table(flat)
        rows += flat.num_rows
    if writer is not None:
        writer.close()
    return rows


def _gathered(tables: Iterable[Any]) -> Iterator[Any]:
    """Yield the same rows in fewer tables."""
    import pyarrow as pa

    waiting: list[Any] = []
    for table in tables:
        waiting.append(table)
        if sum(one.num_rows for one in waiting) >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _flat(table: Any) -> Any:
    """Turn lists and maps of an Arrow table into JSON text, because CSV has none."""
    import pyarrow as pa

    for index, column in enumerate(table.schema):
        if pa.types.is_nested(column.type):
            table = table.set_column(index, column.name, json_texts(table[column.name].combine_chunks()))
    return table
