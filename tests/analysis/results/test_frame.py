"""Reading results files: one row per run, and a clear word about files that are not results."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recipe_sweep.analysis.results.frame import compact, load_diagnostics, load_results
from recipe_sweep.sweep.files.overlooked import overlooked
from recipe_sweep.sweep.results.schema import SCHEMA
from tests.analysis.synthetic import result_row, synthetic_points, write_pack, write_sweep

POINTS = synthetic_points(datasets=("expert",), seeds=(0, 1), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))


def test_every_run_of_every_file_is_one_row(tmp_path: Path) -> None:
    write_sweep(tmp_path, POINTS, pack_size=7)
    results = load_results(tmp_path / "results")
    assert sorted(results.runs["run_id"]) == sorted(point.run_id for point in POINTS)
    assert results.files == 7
    assert results.duplicates == ()
    row = results.runs.set_index("run_id").loc[POINTS[0].run_id]
    assert row["score"] == result_row(POINTS[0])["score"]
    assert list(row["curve_step"]) == [500, 1000, 1500, 2000]
    assert "diagnostics" not in results.runs


def test_of_two_rows_of_one_run_the_oldest_launchs_counts_and_the_others_are_reported(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    write_pack(folder, POINTS[:4], "zz", epoch=1)
    write_pack(folder, POINTS[:2], "aa", epoch=2)
    write_pack(folder, POINTS[1:3], "bb", epoch=1)
    results = load_results(folder)
    kept = results.runs.set_index("run_id")["pack_id"]
    assert kept[POINTS[0].run_id] == "zz"  # lowest epoch first
    assert kept[POINTS[1].run_id] == "bb"  # then pack_id
    doubled = {duplicate.run_id: duplicate for duplicate in results.duplicates}
    assert set(doubled) == {point.run_id for point in POINTS[:3]}
    assert doubled[POINTS[1].run_id].others == ("zz", "aa")


def test_runs_of_an_older_grid_stay_out_and_are_counted(tmp_path: Path) -> None:
    write_sweep(tmp_path, POINTS)
    results = load_results(tmp_path / "results", wanted=[point.run_id for point in POINTS[:5]])
    assert set(results.runs["run_id"]) == {point.run_id for point in POINTS[:5]}
    assert results.outside == len(POINTS) - 5


def test_torn_and_foreign_files_are_left_out_and_all_named(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    whole = write_pack(folder, POINTS[:4], "whole")
    (folder / "torn.parquet").write_bytes(whole.read_bytes()[:-40])
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "copy.parquet").write_bytes(whole.read_bytes())
    pq.write_table(pa.table({"a": [1]}), folder / "foreign.parquet")
    (folder / ".whole.parquet.tmp").write_bytes(b"half")
    told: list[str] = []
    with overlooked() as heard:
        assert len(load_results(folder).runs) == 4
        heard.tell(told.append)
    assert len(told) == 4
    for name in ("torn.parquet", "empty.parquet", "foreign.parquet", "copy.parquet"):
        assert any(f"{folder / name} is not the results of a pack" in sentence for sentence in told)


def test_a_newer_file_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    newer = SCHEMA.with_metadata({b"schema_version": b"999"})
    row = result_row(POINTS[9])
    table = pa.Table.from_pylist([row], schema=newer).append_column("future", pa.array([1]))
    pq.write_table(table.drop_columns(["cpu_s"]), tmp_path / f"{row['pack_id']}.parquet")
    runs = load_results(tmp_path).runs
    assert list(runs["run_id"]) == [POINTS[9].run_id]
    assert runs["cpu_s"].isna().all()


def test_a_file_with_more_columns_is_read(tmp_path: Path) -> None:
    path = write_pack(tmp_path, POINTS[:2], "pack")
    table = pq.read_table(path)
    pq.write_table(table.append_column("future", pa.array([1, 2])), path)
    assert len(load_results(tmp_path).runs) == 2


def test_an_empty_folder_is_no_runs_and_no_error(tmp_path: Path) -> None:
    results = load_results(tmp_path / "none")
    assert results.runs.empty
    assert "score" in results.runs


def test_the_compacted_files_hold_what_the_results_hold_and_are_reproducible(tmp_path: Path) -> None:
    write_sweep(tmp_path, POINTS, pack_size=5)
    write_pack(tmp_path / "results", POINTS[:3], "again", epoch=9)
    paths = compact(tmp_path, load_results(tmp_path / "results"))
    runs, curves = pd.read_parquet(paths.runs), pd.read_parquet(paths.curves)
    assert runs["run_id"].is_unique
    assert len(runs) == len(POINTS)
    assert list(curves.columns) == ["run_id", "step", "return_mean", "return_std"]
    one = curves[curves["run_id"] == POINTS[7].run_id]
    row = result_row(POINTS[7])
    assert one["step"].tolist() == row["curve_step"]
    assert one["return_mean"].tolist() == row["curve_return"]
    first = paths.runs.read_bytes()
    assert compact(tmp_path, load_results(tmp_path / "results")).runs.read_bytes() == first
    assert sorted(path.name for path in paths.runs.parent.iterdir()) == ["curves.parquet", "runs.parquet"]


def test_diagnostics_belong_to_the_run_they_were_recorded_in(tmp_path: Path) -> None:
    write_sweep(tmp_path, POINTS, pack_size=9)
    chosen = [POINTS[3].run_id, POINTS[20].run_id]
    table = load_diagnostics(tmp_path / "results", ("sigma", "not_recorded"), chosen)
    assert set(table["run_id"]) == set(chosen)
    row = result_row(POINTS[20])
    mine = table[table["run_id"] == POINTS[20].run_id]
    assert mine["step"].tolist() == row["diagnostics_step"]
    assert mine["sigma"].tolist() == dict(row["diagnostics"])["sigma"]
    assert table["not_recorded"].isna().all()
