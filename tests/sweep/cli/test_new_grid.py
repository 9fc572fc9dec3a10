"""`init` names the sweep after its file, and an editor finds the schema of it without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.search_spaces.yaml_file import read_yaml
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.sweep.commands import call


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "file", "name"),
    [
        ("lr-study.yaml", "lr-study.yaml", "lr-study"),
        ("lr-study", "lr-study.yaml", "lr-study"),
        ("2024.yaml", "2024.yaml", "2024"),
        ("null.yaml", "null.yaml", "null"),
        ("my grid (2).yaml", "my grid (2).yaml", "my-grid-2"),
        ("\N{GREEK SMALL LETTER ALPHA}.yaml", "\N{GREEK SMALL LETTER ALPHA}.yaml", "my-first-sweep"),
    ],
)
def test_the_sweep_is_named_after_the_file(typed: str, file: str, name: str) -> None:
    call("init", typed)
    assert read_grid(file).name == name


def test_the_first_line_leads_an_editor_to_a_schema_that_the_file_meets(here: Path) -> None:
    call("init", "one.yaml", "--preset", "demo")
    [named] = re.findall("^# yaml-language-server: [$]schema=(.*)$", (here / "one.yaml").read_text().splitlines()[0])
    schema = json.loads((here / named).read_text())
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors(read_yaml(here / "one.yaml").content))
    assert list(validator.iter_errors({"name": "a", "axess": {}}))
    assert not list(validator.iter_errors({"name": "a", "extends": "one.yaml"}))
    assert json.loads(call("schema")) == schema


def test_a_file_of_somebody_else_is_never_replaced(here: Path) -> None:
    (here / "grid.schema.json").write_text("{}")
    assert "grid.schema.json is no schema of grids and was kept" in call("init", "one.yaml")
    assert (here / "grid.schema.json").read_text() == "{}"
    assert "there already" in call("schema", "-o", "grid.schema.json", expect=ExitCode.BAD_INPUT)
    assert "there already" in call("init", "one.yaml", expect=ExitCode.BAD_INPUT)
    call("schema", "-o", "other.json")
    call("schema", "-o", "other.json")
