"""Every command that reads has `--json`, and what it prints is one JSON document and nothing else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.cluster.backends.ray_up import RayUpBackend
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.planning.opening import open_target
from scripts.cli_reference import commands
from tests.checkout import ROOT
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

READING = {
    "ls": "ls",
    "runs": "runs little.yaml",
    "plan": "plan little.yaml --list",
    "status": "status little.yaml",
    "explain": "explain little.yaml RUN",
    "best": "best little.yaml",
    "doctor": "doctor little.yaml",
    "recommend": "recommend little.yaml",
    "data list": "data list",
    "data inspect": "data inspect simple_spread",
    "data verify": "data verify simple_spread --transitions 10",
    "cluster validate": "cluster validate inline.yaml",
    "cluster prices": "cluster prices",
    "cluster status": "cluster status raw.yaml --dry-run",
}
"""How each command that reads is called here."""

OTHERS = {
    *("init", "launch", "rehearse", "retry", "run", "cancel", "rm", "archive"),  # they write, train or end something
    *("report", "export", "play", "mlflow"),  # they write files that programs read
    "schema",  # it prints nothing but JSON
    "logs",  # a log is text
    *("data fetch", "data import", "data collect", "cluster init", "cluster up", "cluster down"),
}

TRAINS = {"replay"}
"""Commands that train and then tell; `test_replay.py` reads their JSON."""


def test_every_command_is_in_one_of_the_two_lists() -> None:
    names = {path.removeprefix("recipe-sweep ") for path, _ in commands()}
    assert names == READING.keys() | OTHERS | TRAINS
    assert not READING.keys() & OTHERS


def test_every_command_that_reads_has_the_option_and_no_other_has() -> None:
    with_option = {path for path, command in commands() if any("--json" in parameter.opts for parameter in command.params)}
    assert with_option == {f"recipe-sweep {name}" for name in READING.keys() | TRAINS}


def test_one_function_gives_every_answer_its_version() -> None:
    writers = {path.name for path in (ROOT / "sweep" / "cli").rglob("*.py") if "json.dumps" in path.read_text()}
    assert writers == {"json_text.py"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        stand_in_sweep(folder, patch)
        call(*LAUNCH)
        call("data", "collect", "simple_spread", "expert", "--size", "100")
    (folder / "raw.yaml").write_text(RayUpBackend.example())
    return folder


@pytest.mark.parametrize("name", READING)
def test_what_a_command_prints_is_json(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(here / "data"))
    monkeypatch.setenv("COLUMNS", "40")
    words = READING[name].replace("RUN", open_target("little.yaml").points[0].run_id).split()
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == ExitCode.OK, result.output
    content = json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(content, dict)
    assert not [value for value in numbers(content) if not math.isfinite(value)]


def numbers(content: object) -> list[float]:
    if isinstance(content, dict):
        return [number for value in content.values() for number in numbers(value)]
    if isinstance(content, list):
        return [number for value in content for number in numbers(value)]
    return [content] if isinstance(content, float) else []
