"""A command that is printed for pasting does what it says, whatever the names in it are."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.show.launch_end import tell_mlflow
from recipe_sweep.sweep.planning.opening import open_target
from tests.checkout import ROOT
from tests.sweep.commands import call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave

NAMES = {
    "blank": "my sweep",
    "quote": "it's",
    "double quote": 'a "b"',
    "dollar": "cost $HOME",
    "backtick": "a`touch owned`b",
    "order": "a; touch owned",
    "dash": "-x",
    "star": "a*[b]?",
    "newline": "a\nb",
}
PRINTED = re.compile(r"recipe-sweep (?:[a-z]+ )+$|(?:mlflow ui|\brm|\bmv|\bcp) (?:-\S+ )*$")


def words_of(command: str, here: Path) -> list[str]:
    """What a shell hands to `recipe-sweep`, or `mlflow`, where the command is pasted into it."""
    programs = here / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("recipe-sweep", "mlflow"):
        (programs / name).write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
        (programs / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, timeout=30, check=True)
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_shell_reads_the_very_words(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    assert words_of(pasted("recipe-sweep", "report", path, "--set", f"a={name}"), tmp_path) == [
        "report",
        f"./{name}" if name.startswith("-") else name,
        "--set",
        f"a={name}",
    ]
    assert not (tmp_path / "owned").exists()


def test_what_a_launch_and_an_explanation_print_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    here = stand_in_sweep(tmp_path, monkeypatch)
    hostile = 'it\'s "my" $HOME; sweep'
    content = yaml.safe_load((here / "little.yaml").read_text())
    (here / f"{hostile}.yaml").write_text(yaml.safe_dump(content))
    grid, root = f"{hostile}.yaml", f"a/{hostile}"
    launch = ("launch", grid, "--dir", root, "--cluster", "inline.yaml", "--no-mlflow")
    told = call(*launch)
    [figure] = re.findall(r"^figure   (.*)$", told, re.MULTILINE)
    assert words_of(figure, here) == ["report", root]
    again = [line.removeprefix("rerun").strip() for line in _explained(grid, root).splitlines() if line.startswith("rerun")]
    assert words_of(again[0], here)[:2] == ["run", grid]
    tell_mlflow(Path(root))
    [mlflow] = re.findall(r"^MLflow   (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert words_of(mlflow, here) == ["ui", "--backend-store-uri", f"sqlite:///{here / root / 'mlflow.db'}"]


def _explained(grid: str, root: str) -> str:
    first = call("export", grid, "--dir", root, "-o", "-").splitlines()[1].split(",")[0].strip('"')
    return call("explain", grid, first, "--dir", root)


def test_the_command_that_shows_a_failure_again_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    grid = "it's $HOME.yaml"
    (here / grid).write_text((here / "little.yaml").read_text())
    call("plan", grid)
    failing = open_target(grid, None, ()).points[0].run_id
    behave(here / "data", Behaviour(raising=(failing,)))
    told = call("launch", grid, "--cluster", "inline.yaml", "--no-mlflow", expect=ExitCode.FAILURE)
    found = re.findall(r"reproduce  (.*)$", told, re.MULTILINE)
    assert found
    assert words_of(found[0], here)[:3] == ["run", grid, "--run"]


def test_init_names_the_file_that_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = call("init", "my $grid.yaml").partition("then: ")[2].strip()
    assert words_of(command, tmp_path) == ["plan", "my $grid.yaml"]


def commands_put_together() -> Iterator[str]:
    """Places where a value is put into a command that a reader will paste, letter by letter."""
    for folder in ("sweep", "analysis", "trainers", "cluster", "search_spaces"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    for text, value in zip(node.values, node.values[1:], strict=False):
                        ends = isinstance(text, ast.Constant) and PRINTED.search(str(text.value))
                        if ends and isinstance(value, ast.FormattedValue):
                            yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def test_no_command_is_put_together_without_quotes() -> None:
    assert list(commands_put_together()) == [], "use pasted(...)"
