"""Every axis and setting is a column, wherever runs are a table: a sweep over `lr` and `hidden` shows it."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import recipe_sweep
from recipe_sweep.search_spaces.filters import SELECTABLE
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.schema import SCHEMA
from recipe_sweep.sweep.results.settings import SETTING_COLUMNS, with_settings
from tests.sweep.commands import call
from tests.sweep.conftest import make_point

SWEPT = {(lr, hidden): 4 for lr in (0.001, 0.003) for hidden in ("8x8", "16x16")}


def counts(table: pd.DataFrame) -> dict[object, int]:
    return {key: len(rows) for key, rows in table.groupby(["lr", "hidden"])}


def test_the_table_of_runs_lacks_a_swept_setting(here: Path) -> None:
    runs = recipe_sweep.open("sweeps/demo").runs
    assert counts(runs) == SWEPT
    assert set(SELECTABLE) <= set(runs.columns)
    assert runs["run_id"].tolist() == [point.run_id for point in recipe_sweep.open("sweeps/demo").points]


@pytest.mark.parametrize("curves", [[], ["--no-curves"]])
def test_an_export_lacks_a_swept_setting(curves: list[str], here: Path) -> None:
    call("export", "my-grid.yaml", "-o", "runs.csv", *curves)
    call("export", "my-grid.yaml", "-o", "runs.parquet", *curves)
    assert counts(pd.read_csv("runs.csv")) == counts(pd.read_parquet("runs.parquet")) == SWEPT
    with Path("runs.csv").open(newline="") as file:
        names = next(csv.reader(file))
    assert names == pq.read_schema("runs.parquet").names
    before = [field.name for field in SCHEMA if not curves or not pa.types.is_nested(field.type)]
    assert names == [*before, *(field.name for field in SETTING_COLUMNS)], "columns are added at the end"


def test_the_reports_table_of_runs_lacks_a_swept_setting(here: Path) -> None:
    call("report", "my-grid.yaml", "--figure", "7")
    assert counts(pd.read_parquet("sweeps/demo/index/runs.parquet")) == SWEPT


def test_mlflow_lacks_a_swept_setting(here: Path) -> None:
    from recipe_sweep.sweep.tracking.client import quiet_client

    call("mlflow", "my-grid.yaml")
    client = quiet_client("sqlite:///sweeps/demo/mlflow.db")
    [experiment] = client.search_experiments(filter_string="name = 'demo'")
    params = [run.data.params for run in client.search_runs([experiment.experiment_id])]
    assert {(one["lr"], one["hidden"]) for one in params} == {
        (lr, wide) for lr in ("0.001", "0.003") for wide in ("8,8", "16,16")
    }
    never_null = {field.name for field in fields(DesignPoint)} - {"tau", "regularisation", "final_episodes", "seed"}
    assert all(never_null <= one.keys() for one in params)


def test_a_row_says_another_value_than_the_point() -> None:
    point = make_point(hidden=(64, 32, 8), lr=1e-3, mixer_embed=16, divergence_bound=1e8, dataset_size=None)
    table = with_settings(pa.table({"point": [point.canonical_text()]}))
    row = table.to_pylist()[0]
    assert (row["hidden"], row["lr"], row["mixer_embed"], row["mixer_hidden"]) == ("64x32x8", 1e-3, 16, 128)
    assert (row["divergence_bound"], row["dataset_size"], row["final_episodes"]) == ("100000000.0", None, None)


def test_what_a_newer_version_wrote_stops_an_export() -> None:
    newer = make_point().canonical() | {"lr": "by-cosine", "steps": 60, "unheard_of": [1]}
    table = with_settings(pa.table({"point": [json.dumps(newer), make_point(lr=1e-2).canonical_text(), "{torn}"]}))
    assert table["lr"].to_pylist() == [None, 1e-2, None]
    assert table["steps"].to_pylist() == [60, 40, None]
