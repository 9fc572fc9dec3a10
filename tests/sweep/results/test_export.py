"""Exports of results that another version wrote."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.results import export as export_module
from tests.sweep.cli.test_bad_input import INLINE
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    [first, *_] = sorted((here / "sweeps" / "little" / "results").glob("*.parquet"))
    return first


def rows() -> list[dict[str, str]]:
    with Path("runs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_newer_versions_columns_are_left_out_and_every_run_is_there(suffix: str, results: Path) -> None:
    call("export", "little.yaml", "-o", f"before{suffix}")
    table = pq.read_table(results)
    newer = table.append_column("peak_memory_gb", pa.array([1.0] * len(table)))
    pq.write_table(newer.replace_schema_metadata({**table.schema.metadata, b"schema_version": b"2"}), results)
    call("export", "little.yaml", "-o", f"after{suffix}")
    assert Path(f"before{suffix}").read_bytes() == Path(f"after{suffix}").read_bytes()


def test_a_column_that_an_older_version_did_not_write_is_empty(results: Path) -> None:
    table = pq.read_table(results)
    pq.write_table(table.drop_columns(["host"]), results)
    call("export", "little.yaml", "-o", "runs.csv")
    assert "" in {row["host"] for row in rows()}
    assert len(rows()) == 4


def test_columns_in_another_order_are_put_in_ours(results: Path) -> None:
    table = pq.read_table(results)
    call("export", "little.yaml", "-o", "before.csv")
    pq.write_table(table.select(table.column_names[::-1]), results)
    call("export", "little.yaml", "-o", "after.csv")
    assert Path("before.csv").read_bytes() == Path("after.csv").read_bytes()


@pytest.mark.parametrize("command", ["status", "plan", "report", "doctor", "launch"])
def test_a_newer_sweep_file_is_not_answered_with_remove_it(command: str, results: Path) -> None:
    path = results.parent.parent / "sweep.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"schema_version": 99}))
    words = ["--cluster", "inline.yaml", "--no-mlflow"] if command == "launch" else []
    told = call(command, "sweeps/little", *words, expect=ExitCode.BAD_INPUT)
    assert "schema version 99" in told
    assert "use that one" in told
    assert "remove" not in told


def test_no_curves_leaves_out_the_lists_and_nothing_else(results: Path) -> None:
    call("export", "little.yaml", "-o", "all.parquet")
    call("export", "little.yaml", "--no-curves", "-o", "few.parquet")
    whole, few = pq.read_table("all.parquet"), pq.read_table("few.parquet")
    lists = {"curve_step", "curve_return", "curve_return_std", "curve_win_rate", "diagnostics_step", "diagnostics"}
    assert set(whole.column_names) - set(few.column_names) == lists
    assert few.equals(whole.drop_columns(sorted(lists)))
    call("export", "little.yaml", "--no-curves", "-o", "runs.csv")
    assert [name for row in rows() for name in row if name in lists] == []
    assert len(rows()) == 4


def test_lists_in_csv_are_json_with_every_digit(results: Path) -> None:
    call("export", "little.yaml", "-o", "runs.csv")
    call("export", "little.yaml", "-o", "runs.parquet")
    for row, stored in zip(rows(), pq.read_table("runs.parquet").to_pylist(), strict=True):
        for name in ("curve_step", "curve_return", "curve_return_std", "diagnostics_step"):
            assert row[name] == json.dumps(stored[name])
        assert row["diagnostics"] == json.dumps(dict(stored["diagnostics"]))


def test_many_packs_take_no_more_memory_than_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    grid = (here / "little.yaml").read_text()
    assert "seed: [0, 1]" in grid
    (here / "little.yaml").write_text(grid.replace("seed: [0, 1]", "seed: 0-15"))
    (here / "inline.yaml").write_text(INLINE + "max_lanes: 2\n")
    call(*LAUNCH)
    held: list[int] = []
    reading = export_module._read

    def read(*arguments: object, **options: object) -> object:
        held.append(pa.total_allocated_bytes())
        return reading(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(export_module, "_read", read)
    call("export", "little.yaml", "-o", "runs.csv")
    assert len(held) == 16
    assert max(held[4:]) <= 1.5 * max(held[:4])
