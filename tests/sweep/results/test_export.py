"""Exports of results that another version wrote."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
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
