"""Reads one results file of any version: the columns that this version knows.

A newer version may have added columns, which are left out. Columns that an older version lacks are null. Anything else counts
as a damaged file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.kinds import RESULTS
from recipe_sweep.sweep.files.overlooked import note, overlook
from recipe_sweep.sweep.files.reading import check_regular
from recipe_sweep.sweep.results.schema_version import SCHEMA_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

ESSENTIAL = ("run_id", "config_id", "point", "status", "pack_id", "epoch", "attempt")
"""Columns that every results file of ours has. They say which runs it holds, and which of two files counts."""


class Rank(NamedTuple):
    """Sorts rows of one run, by the launch that published each and by its pack. The lowest row counts.

    So every command agrees, in whatever order it reads the files. The fields are columns of the results.
    """

    epoch: int
    pack_id: str


_MAGIC = b"PAR1"
_PACK = "pack_id"


def read_rows(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read `columns`, or all that this version knows, in their order in SCHEMA. Raises DamagedFileError, FileNotFoundError.

    The name of a file is its pack. A file that holds another pack, or none, counts as damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from recipe_sweep.sweep.results.schema import SCHEMA

    _check_ends(path)
    wanted = [field for field in SCHEMA if columns is None or field.name in columns]
    try:
        # pq.read_table and threads would take most of the time of a small file.
        # The path is absolute, because pyarrow reads a leading ~ as the home directory.
        with pq.ParquetFile(path.absolute()) as file:
            there = file.schema_arrow
            _check_ours(path, there)
            names = {_PACK, *(field.name for field in wanted if field.name in there.names)}
            table = file.read(columns=sorted(names), use_threads=False)
        packs = set(_column(table, SCHEMA.field(_PACK)).to_pylist())
        arrays = [_column(table, field) for field in wanted]
        metadata = there.metadata
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
        raise RESULTS.damaged(path, f"a Parquet file that cannot be read ({_line(error)})") from error
    if packs != {path.stem}:
        strange = ascii(min(packs - {path.stem}))[:40] if packs else ""
        raise RESULTS.damaged(path, f"the results of pack {strange}" if packs else "a Parquet file without rows")
    fields = [field.with_nullable(True) for field in wanted]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))


def is_results_file(name: str) -> bool:
    """Say whether a file of this name holds results. A file that is still being written does not count."""
    return name.endswith(".parquet") and not name.startswith(".")


def result_files(folder: Path) -> list[Path]:
    """List the results files of a sweep, by name; none if there is no folder."""
    return sorted(path for path in folder.glob("*.parquet") if is_results_file(path.name))


def schema_version(table: pa.Table) -> int:
    """Return the schema version that a table's file states."""
    return int(table.schema.metadata[b"schema_version"])


def readable(files: Iterable[Path], read: Callable[[Path], pa.Table]) -> Iterator[pa.Table]:
    """Read several results files. Those that are damaged, or gone meanwhile, are overlooked."""
    for path in files:
        try:
            yield read(path)
        except FileNotFoundError:
            continue
        except DamagedFileError as error:
            overlook(error)


def note_newer(results: Path, versions: Iterable[int]) -> None:
    """Report once for each command if a newer version wrote some of the results."""
    sentence = newer_sentence(results, versions)
    if sentence is not None:
        note(results, sentence)


def newer_sentence(results: Path, versions: Iterable[int]) -> str | None:
    """Write a sentence if a newer version wrote some of the results; None if none did."""
    newer = [version for version in versions if version > SCHEMA_VERSION]
    if not newer:
        return None
    files = "1 file" if len(newer) == 1 else f"{len(newer):,} files"
    return (
        f"results of a newer version are in {files} of {results} (schema version {max(newer)}, known here: {SCHEMA_VERSION}): "
        "columns that this version does not know are left out"
    )


def _check_ends(path: Path) -> None:
    """Check a file's size, first and last bytes, because they show more plainly than Parquet's reader what is wrong."""
    if check_regular(path, RESULTS) == 0:
        raise RESULTS.damaged(path, "an empty file")
    try:
        with path.open("rb") as file:
            begin = file.read(len(_MAGIC))
            file.seek(-min(len(_MAGIC), file.seek(0, 2)), 2)
            end = file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RESULTS.refused(path, error) from error
    if begin != _MAGIC:
        raise RESULTS.damaged(path, "no Parquet file")
    if end != _MAGIC:
        raise RESULTS.damaged(path, "a Parquet file whose end is missing")


def _check_ours(path: Path, there: pa.Schema) -> None:
    lacking = [name for name in ESSENTIAL if name not in there.names]
    version = (there.metadata or {}).get(b"schema_version", b"")
    if lacking or not version.isdigit() or len(version) > 6:
        without = f"columns {', '.join(lacking)}" if lacking else "a schema_version"
        raise RESULTS.damaged(path, f"a Parquet file without {without}, which recipe-sweep did not write")


def _column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    """Return a column in the type that this version knows. Raises ArrowInvalid or ValueError if its values do not fit."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if field.name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, field.type)])
    column = table[field.name]
    if column.type != field.type:
        column = _cast(column, field)
    if field.name in ESSENTIAL and column.null_count:
        raise ValueError(f"column {field.name} has nulls")
    if field.name == "point" and not pc.all(pc.and_(pc.starts_with(column, "{"), pc.ends_with(column, "}"))).as_py():
        raise ValueError("column point holds other texts than points")
    return column


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_string(field.type) is not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise ValueError(f"column {field.name} holds {column.type}")
    return column.cast(field.type)


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
