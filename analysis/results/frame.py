"""Reads results files as one table with one row per run.

The files are the truth: one immutable Parquet file per complete pack. Everything in `index/` is made from them and may be
deleted at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.files import write_atomically
from recipe_sweep.analysis.results.one_scale import on_one_scale
from recipe_sweep.analysis.results.rehearsal_mark import METADATA
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.sweep.results.read import Rank

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DIAGNOSTICS = ("diagnostics_step", "diagnostics")
CURVES = ("curve_step", "curve_return", "curve_return_std")
EVERY_CURVE = (*CURVES, "curve_win_rate")
"""Columns with a list for each run. Tasks without winners have no win rates."""


class Duplicate(NamedTuple):
    """A run that more than one pack holds; `kept` is the pack whose row counts."""

    run_id: str
    kept: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """The results of a sweep so far.

    `runs` has one row per run and the columns of `SCHEMA` (sweep/results/schema.py) without the diagnostics. Curves are
    nested arrays. Runs that a search pruned are left out, and those that were not evaluated. `outside` counts runs in the files
    that are not wanted, such as those of an older grid. `table` has the pruned and the unwanted runs too.
    """

    runs: pd.DataFrame
    table: pa.Table
    duplicates: tuple[Duplicate, ...]
    files: int
    outside: int
    rescaled: tuple[str, ...] = ()
    """sentences about scores of `runs` that were on several scales and are on one now"""
    unscored: int = 0
    """wanted runs that were not evaluated, and so are not in `runs`"""

    @property
    def rehearsal(self) -> bool:
        """Whether any result is made up. Then no claim may be based on the results, and every output says so."""
        from recipe_sweep.sweep.results.schema import REHEARSAL

        return bool(self.runs["data_hash"].str.startswith(REHEARSAL).any())


class CompactPaths(NamedTuple):
    """The files that `compact` writes."""

    runs: Path
    curves: Path


def load_results(results_dir: Path, wanted: Collection[str] | None = None) -> Results:
    """Read every results file of a sweep, one row per run_id. If `wanted` is given, read only these runs.

    If a run has several rows, the row of the oldest launch counts (lowest epoch, then pack_id). So every reader uses the same
    row at any time.

    Damaged and foreign files are skipped, which the command says at its end. Scores on several
    scales are put on one in `runs` (`on_one_scale`), not in `table`. Raises MixedScalesError.
    """
    import pyarrow.compute as pc

    table, files = _read_files(results_dir, without=DIAGNOSTICS)
    table, duplicates = _one_row_per_run(table)
    runs = table.filter(pc.not_equal(table["status"], "pruned")).to_pandas()
    outside = 0
    if wanted is not None:
        inside = runs["run_id"].isin(list(wanted))
        outside = int((~inside).sum())
        runs = runs[inside].reset_index(drop=True)
    scored = runs["score"].notna() | (runs["curve_step"].map(_length) > 0)
    unscored = int((~scored).sum())
    runs, rescaled = on_one_scale(runs[scored].reset_index(drop=True) if unscored else runs)
    return Results(runs, table, duplicates, files, outside, rescaled, unscored)


def unscored_sentence(count: int) -> str:
    """Say of so many finished runs that they have no score, and why."""
    has = agreeing(count, "has", "have")
    return f"{counted(count, 'finished run')} {has} no score, because `evaluate` is `none`; `export` writes the losses"


def _length(curve: object) -> int:
    return len(curve) if isinstance(curve, Sized) else 0


def load_diagnostics(results_dir: Path, names: Sequence[str], wanted: Collection[str] | None = None) -> pd.DataFrame:
    """Read chosen diagnostics as a long table: run_id, step, then one column per name (NaN if not recorded)."""
    import numpy as np
    import pandas as pd

    table, _ = _read_files(results_dir, without=(), only=("run_id", *Rank._fields, *DIAGNOSTICS), wanted=wanted)
    table, _ = _one_row_per_run(table)
    pieces = []
    for run_id, steps, metrics in zip(*(table.column(name).to_pylist() for name in ("run_id", *DIAGNOSTICS)), strict=True):
        recorded = dict(metrics)
        columns = {name: np.asarray(recorded.get(name, np.full(len(steps), np.nan)), dtype=float) for name in names}
        pieces.append(pd.DataFrame({"run_id": run_id, "step": np.asarray(steps, dtype=np.int64), **columns}))
    if not pieces:
        return pd.DataFrame({"run_id": [], "step": [], **{name: [] for name in names}})
    return pd.concat(pieces, ignore_index=True)


def compact(sweep_dir: Path, results: Results) -> CompactPaths:
    """Gather all results of a sweep into two files, each replaced atomically.

    `index/runs.parquet` has the scalars and a column for every setting. `index/curves.parquet` has run_id, step, return_mean
    and return_std, both in units of reward.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from recipe_sweep.sweep.results.schema import REHEARSAL
    from recipe_sweep.sweep.results.settings import with_settings

    table = results.table
    steps, means, stds = (table.column(name).combine_chunks() for name in CURVES)
    curves = pa.table(
        {
            "run_id": pc.take(table.column("run_id").combine_chunks(), pc.list_parent_indices(steps)),
            "step": pc.list_flatten(steps),
            "return_mean": pc.list_flatten(means),
            "return_std": pc.list_flatten(stds),
        }
    )
    if any(str(data_hash).startswith(REHEARSAL) for data_hash in pc.unique(table.column("data_hash"))):
        table, curves = table.replace_schema_metadata(METADATA), curves.replace_schema_metadata(METADATA)
    scalars, index = with_settings(table.drop_columns(list(EVERY_CURVE))), sweep_dir / "index"
    return CompactPaths(
        runs=write_atomically(index / "runs.parquet", lambda path: pq.write_table(scalars, path)),
        curves=write_atomically(index / "curves.parquet", lambda path: pq.write_table(curves, path)),
    )


def _read_files(
    results_dir: Path, without: Sequence[str], only: Sequence[str] | None = None, wanted: Collection[str] | None = None
) -> tuple[pa.Table, int]:
    import pyarrow as pa
    import pyarrow.compute as pc

    from recipe_sweep.sweep.results.read import read_rows, readable, result_files
    from recipe_sweep.sweep.results.schema import SCHEMA

    names = [field.name for field in SCHEMA if field.name not in without and (only is None or field.name in only)]
    ids = None if wanted is None else pa.array(list(wanted), pa.string())
    # Each file is filtered when it is read, because the diagnostics of a whole sweep may not fit into memory.
    tables = [
        (table if ids is None else table.filter(pc.is_in(table["run_id"], ids))).replace_schema_metadata(SCHEMA.metadata)
        for table in readable(result_files(results_dir), lambda path: read_rows(path, names))
    ]
    empty = pa.schema([SCHEMA.field(name) for name in names], metadata=SCHEMA.metadata).empty_table()
    return (pa.concat_tables(tables) if tables else empty), len(tables)


def _one_row_per_run(table: pa.Table) -> tuple[pa.Table, tuple[Duplicate, ...]]:
    import numpy as np

    order = ["run_id", *Rank._fields]
    keys = table.select(order).to_pandas().sort_values(order, kind="stable")
    again = keys["run_id"].duplicated(keep=False)
    duplicates = tuple(
        Duplicate(run_id=str(run_id), kept=packs[0], others=tuple(packs[1:]))
        for run_id, packs in keys[again].groupby("run_id")["pack_id"].agg(list).items()
    )
    # Sorted by run_id, so that no output depends on the names or the number of the files.
    keep = keys.index[~keys["run_id"].duplicated()].to_numpy(dtype=np.int64)
    return table.take(keep), duplicates
