"""Tables of a sweep for people who analyse it in Python: one row for every wanted run, and one for every evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.analysis.results.frame import CURVES, EVERY_CURVE, Results, load_results
from recipe_sweep.analysis.results.one_scale import SCORES, on_one_scale
from recipe_sweep.analysis.results.references import ENDS
from recipe_sweep.analysis.results.rehearsal_mark import stamped
from recipe_sweep.search_spaces.point import DesignPoint

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MISSING = "missing"
"""Status of a run without a result, unless the caller knows more."""


def runs_frame(results_dir: Path, points: Sequence[DesignPoint], states: Mapping[str, str]) -> pd.DataFrame:
    """Tabulate the wanted runs in the grid's order, done or not, with a column for every axis and setting.

    `states` has the status of runs without a result, by id. Scores are on one scale. Rows that a rehearsal made up are marked.
    Raises MixedScalesError.
    """
    return tabulated(load_results(results_dir, wanted={point.run_id for point in points}), points, states)


def tabulated(results: Results, points: Sequence[DesignPoint], states: Mapping[str, str]) -> pd.DataFrame:
    """Tabulate the wanted runs as `runs_frame`, from results that are read already."""
    import pyarrow as pa

    from recipe_sweep.sweep.results.settings import with_settings

    done = _done(results, points).drop_columns(list(EVERY_CURVE))
    there = set(done["run_id"].to_pylist())
    missing = [point for point in points if point.run_id not in there]
    rows = with_settings(pa.concat_tables([_nullable(done), _without_result(missing, states, _nullable(done).schema)]))
    frame = rows.to_pandas(integer_object_nulls=True)
    has = frame["run_id"].isin(there)
    scaled, _ = on_one_scale(frame[has])
    frame.loc[has, _SCALED] = scaled[_SCALED]
    place = {point.run_id: number for number, point in enumerate(points)}
    frame = frame.sort_values("run_id", key=lambda ids: ids.map(place), kind="stable").reset_index(drop=True)
    # Integers and truths of any column may be unknown, which pandas' plain ones cannot say.
    frame = frame.astype(dict.fromkeys([field.name for field in rows.schema if pa.types.is_integer(field.type)], "Int64"))
    frame = frame.astype(dict.fromkeys([field.name for field in rows.schema if pa.types.is_boolean(field.type)], "boolean"))
    return stamped(frame) if results.rehearsal else frame


def curves_frame(results_dir: Path, points: Sequence[DesignPoint]) -> pd.DataFrame:
    """Tabulate every evaluation of the wanted runs: run_id, step, return_mean, return_std and the score on the sweep's scale.

    Returns are in units of reward. Raises MixedScalesError.
    """
    results = load_results(results_dir, wanted={point.run_id for point in points})
    wide, _ = on_one_scale(_done(results, points).select(["run_id", "task", "source", "dataset", *ENDS, *CURVES]).to_pandas())
    frame = wide.explode(list(CURVES)).dropna(subset="curve_step").reset_index(drop=True)
    frame = frame.rename(columns=dict(zip(CURVES, ("step", "return_mean", "return_std"), strict=True)))
    frame = frame.astype({"step": "int64", "return_mean": "float64", "return_std": "float64"})
    frame["score"] = (frame["return_mean"] - frame["scale_min"]) / (frame["scale_max"] - frame["scale_min"])
    chosen = frame[["run_id", "step", "return_mean", "return_std", "score"]].copy()
    return stamped(chosen) if results.rehearsal else chosen


_SCALED = [*SCORES, *ENDS]


def _done(results: Results, points: Sequence[DesignPoint]) -> pa.Table:
    """Select the rows of wanted runs, also of those that a search pruned."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array([point.run_id for point in points], pa.string())
    return results.table.filter(pc.is_in(results.table["run_id"], wanted))


def _nullable(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return table.cast(pa.schema([field.with_nullable(True) for field in table.schema], metadata=None))


def _without_result(points: Sequence[DesignPoint], states: Mapping[str, str], schema: pa.Schema) -> pa.Table:
    """Make rows of runs that are not done: their point and their status, all other columns null."""
    import pyarrow as pa

    from recipe_sweep.sweep.results.schema import POINT_COLUMNS

    columns: dict[str, list[object]] = {
        field.name: [getattr(point, field.name) for point in points] for field in POINT_COLUMNS if field.name != "point"
    }
    columns["point"] = [point.canonical_text() for point in points]
    columns["status"] = [states.get(point.run_id, MISSING) for point in points]
    arrays = [
        pa.array(map(_plain, columns[field.name]), field.type) if field.name in columns else pa.nulls(len(points), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
