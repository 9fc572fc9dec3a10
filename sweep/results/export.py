"""Taking results out of a sweep: all rows as one table, one run's policy as one file."""

from __future__ import annotations

import json
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Any

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import SweepDirectoryError, UnknownRunError
from recipe_sweep.sweep.files.atomic import replacing
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import canonical_text
from recipe_sweep.sweep.results.done import read_done


class TableFormat(StrEnum):
    """Formats of an exported table, by the suffix of its file."""

    CSV = ".csv"
    PARQUET = ".parquet"


def table_format(path: Path) -> TableFormat:
    """The format a file's suffix asks for. Raises SweepDirectoryError for another suffix."""
    try:
        return TableFormat(path.suffix.lower())
    except ValueError:
        problem = Problem(f"-o {path}", found=f"the suffix {path.suffix!r}", expected=f"one of {', '.join(TableFormat)}")
        raise SweepDirectoryError(problem) from None


def export_table(paths: SweepPaths, wanted: Collection[str], target: Path) -> int:
    """Write one row per done run of `wanted`; in CSV, lists are JSON text. Returns the number of rows.

    Raises SweepDirectoryError where nothing is done.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    from recipe_sweep.sweep.results.schema import REHEARSAL

    kind = table_format(target)
    done = read_done(paths)
    tables = []
    for pack_id in sorted({file.pack_id for run_id, file in done.file_of.items() if run_id in wanted}):
        table = _known_columns(pq.read_table(paths.pack_result(pack_id)))
        keep = [run in wanted and done.file_of[run].pack_id == pack_id for run in table["run_id"].to_pylist()]
        tables.append(table.filter(pa.array(keep)).replace_schema_metadata(None))
    if not tables:
        raise SweepDirectoryError(Problem(str(paths.root), found="no finished run of this grid", expected="at least one"))
    table = pa.concat_tables(tables)
    if any(file.rehearsal for file in done.files):
        table = table.add_column(0, REHEARSAL, pa.array(["made up"] * table.num_rows))
    with replacing(target) as temporary:
        if kind is TableFormat.PARQUET:
            pq.write_table(table, temporary, compression="zstd")
        else:
            pa_csv.write_csv(_flat(table), temporary)
    return int(table.num_rows)


def export_policy(paths: SweepPaths, point: DesignPoint, target: Path) -> tuple[str, ...]:
    """Write one run's kept weights as safetensors that `safetensors.torch.load_file` reads; returns the arrays' names.

    The file's metadata holds the run's id and its whole point. Raises UnknownRunError where the run is not done,
    SweepDirectoryError where its weights were not kept.
    """
    from recipe_sweep.sweep.results.weights import export_run

    if target.suffix != ".safetensors":
        problem = Problem(f"-o {target}", found=f"the suffix {target.suffix!r}", expected=".safetensors")
        raise SweepDirectoryError(problem)
    done = read_done(paths)
    file = done.file_of.get(point.run_id)
    if file is None or point.run_id in done.pruned:
        state = "a run that is not done" if file is None else "a run that the search pruned"
        raise UnknownRunError(Problem(f"--policy {point.run_id}", found=state, expected="a finished run"))
    if file.keep is Keep.NONE:
        raise SweepDirectoryError(
            Problem(str(paths.lock_file), key="keep", found="none: no weights were kept", expected="actor or all")
        )
    source = paths.pack_weights(file.pack_id, file.epoch, file.attempt)
    return export_run(source, point.run_id, target, {"run_id": point.run_id, "point": canonical_text(point)})


def _known_columns(table: Any) -> Any:
    """The columns that this version knows, null where an older one did not write them; a newer one's are left out."""
    import pyarrow as pa

    from recipe_sweep.sweep.results.schema import SCHEMA

    there = set(table.column_names)
    columns = [
        table[field.name].cast(field.type) if field.name in there else pa.nulls(table.num_rows, field.type) for field in SCHEMA
    ]
    return pa.table(columns, names=SCHEMA.names)


def _flat(table: Any) -> Any:
    """An Arrow table without nested columns, for formats that have none."""
    import pyarrow as pa

    for index, column in enumerate(table.schema):
        if pa.types.is_nested(column.type):
            values = [
                json.dumps(dict(value) if pa.types.is_map(column.type) else value) for value in table[column.name].to_pylist()
            ]
            table = table.set_column(index, column.name, pa.array(values, pa.string()))
    return table
