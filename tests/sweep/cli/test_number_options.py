"""Every number on the command line has a range, and beyond it nothing is made."""

from __future__ import annotations

import ast
import functools
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from recipe_sweep.search_spaces import axis_types
from recipe_sweep.search_spaces.environment import number_from_environment
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.cli import options
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from scripts.cli_reference import commands
from tests.checkout import ROOT
from tests.sweep.cli.test_bad_input import GRID, INLINE, contents

BAD = ("1e300", "1000000000000000000000", "inf", "nan", "-1", "true", "0x10", "9" * 5000)
WORDS = {"TASK": "simple_spread", "RUN_ID": "0", "FILE": "c.yaml", "GRID": "little.yaml"}


def is_number(annotation: Any) -> bool:
    return annotation in (int, float) or any(part in (int, float) for part in get_args(annotation))


def number_options() -> Iterator[tuple[str, Any]]:
    for path, command in commands():
        for option in command.params:
            if is_number(option.type_descriptor.annotation):
                yield f"{path} {option.opts[-1]}", (path, command, option)


OPTIONS = dict(number_options())
LISTED = {"recipe-sweep report --figure"}
"""Options whose numbers are a list of what there is; each other number has a range."""


def test_the_numbers_of_the_command_line_are_found() -> None:
    assert {"recipe-sweep run --threads", "recipe-sweep data collect --size", "recipe-sweep logs --lines"} <= set(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_number_option_has_a_range_and_keeps_to_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, command, option = OPTIONS[name]
    given = option.type_descriptor.parameter_info
    if name not in LISTED:
        assert given.min is not None, f"{name} has no lowest value"
        assert given.max is not None, f"{name} has no highest value"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    (tmp_path / "little.yaml").write_text(GRID)
    before = contents(tmp_path)
    arguments = [
        WORDS[one.metavar.strip("[].")] for one in command.params if one.param_type_name == "argument" and one.required
    ]
    for value in BAD:
        if value == "-1" and name in LISTED:
            continue
        result = CliRunner().invoke(app, [*path.split()[1:], *arguments, f"{option.opts[-1]}={value}"])
        assert result.exit_code == ExitCode.BAD_INPUT, f"{name}={value[:20]}: {result.output}"
        assert option.opts[-1] in result.output
        assert "Traceback" not in result.output
        assert len(result.output) < 1_500
    assert contents(tmp_path) == before


def test_options_and_grids_agree_on_what_is_large() -> None:
    assert options.LARGEST_SEED == axis_types.LARGEST
    assert f"le={options.MOST_TRANSITIONS}" in str(axis_types.Size)


@pytest.mark.parametrize(
    "device", ["cuda:999", "cuda:-1", "cuda:x", "cuda:", "gpu", "mps", "", "cuda:1e300", "cuda:" + "9" * 5000, "cpu:0"]
)
def test_a_device_that_is_none_is_refused_before_data_are_made(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    (tmp_path / "little.yaml").write_text(GRID)
    before = contents(tmp_path)
    result = CliRunner().invoke(app, ["run", "little.yaml", "--device", device])
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert result.stderr.startswith("error: --device")
    assert len(result.stderr) < 400
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("device", "found"), [("cuda", True), ("cuda:1", True), ("cuda:2", False)])
def test_a_gpu_is_taken_where_it_is_there(device: str, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from recipe_sweep.sweep.worker import device as devices

    monkeypatch.setattr(devices, "_gpus", lambda: 2)
    if found:
        devices.check_device(device)
    else:
        with pytest.raises(UserInputError, match="one of cuda:0, cuda:1"):
            devices.check_device(device)


@pytest.mark.parametrize("text", ["1e300", "-1", "nan", "inf", "ten", "0", "9" * 5000, "0x10"])
def test_a_number_of_the_environment_beyond_its_range_is_told_in_one_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_X", text)
    with pytest.raises(UserInputError) as raised:
        number_from_environment("RECIPE_SWEEP_X", 10.0, 0.01, 86_400.0)
    assert str(raised.value).startswith("$RECIPE_SWEEP_X\n")
    assert "a number from 0.01 to 86400" in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(("text", "number"), [("", 10.0), ("2.5", 2.5), (" 3 ", 3.0)])
def test_a_number_of_the_environment_is_read(text: str, number: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_X", text)
    assert number_from_environment("RECIPE_SWEEP_X", 10.0, 0.01, 86_400.0) == number


@functools.cache
def sources() -> list[tuple[Path, ast.Call]]:
    """Every call of `float`, `int` and `Problem` in the package."""
    return list(calls())


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for room in ("search_spaces", "cluster", "sweep", "trainers", "analysis"):
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text())
            found = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
            yield from ((path, node) for node in found if ast.unparse(node.func) in ("float", "int", "Problem"))


def test_no_number_of_the_environment_is_read_without_a_range() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in sources()
        if ast.unparse(call.func) in ("float", "int") and "environ" in ast.unparse(call) and path.name != "environment.py"
    ]
    assert not wrong


PLACED_ELSEWHERE = {
    "search_spaces/errors.py",
    "trainers/data/stored/episodes.py",
    "trainers/data/stored/discrete_actions.py",
}
"""Files whose callers add the place: the plain message's own problem, the arrays of an episode, and its actions."""


def test_every_problem_names_its_place() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in sources()
        if ast.unparse(call.func) == "Problem" and path.relative_to(ROOT).as_posix() not in PLACED_ELSEWHERE
        if not call.args and not {keyword.arg for keyword in call.keywords} & {"file", "key", None}
    ]
    assert not wrong, "these print no place; name the file, the option or the key"


PLACES = {
    "explain little.yaml zzz": "run zzz",
    "run little.yaml --run zzz": "run zzz",
    "run little.yaml --run ''": "run ''",
    "init x.yaml --preset foo": "--preset foo",
    "logs little.yaml --pack zzz": "--pack zzz",
    "logs little.yaml --pack a --engine": "--engine",
    "logs little.yaml --engine": "--engine",
    "status little.yaml --only seed=": "--only seed=",
    "plan little.yaml --set learning_rate=": "--set learning_rate=: learning_rate",
    "plan pipe.yaml": "pipe.yaml",
    "plan little.yaml --cluster pipe.yaml": "pipe.yaml",
    "cluster validate pipe.yaml": "pipe.yaml",
    "cluster validate /dev/zero": "/dev/zero",
    "cluster up /dev/null --grid little.yaml": "/dev/null",
    "cluster validate little.yaml": "little.yaml:4: axes",
    "launch c.yaml": "c.yaml:1: backend",
    f"plan {'x' * 5000}": "x" * 77 + "...",
}


@pytest.mark.parametrize("command", PLACES, ids=lambda command: command[:60])
def test_a_mistake_begins_with_the_place_where_it_is(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "little.yaml").write_text(GRID)
    (tmp_path / "c.yaml").write_text(INLINE)
    os.mkfifo(tmp_path / "pipe.yaml")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert result.stderr.splitlines()[0] == f"error: {PLACES[command]}"
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["plan many.yaml", "status many.yaml"])
def test_thousands_of_seeds_do_not_fill_the_terminal(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "many.yaml").write_text(
        GRID.replace("seed: [0, 1]", f"seed: [0-999, {','.join(map(str, range(2000, 2200, 2)))}]")
    )
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == ExitCode.OK, result.output
    assert len(result.output.splitlines()) < 30
    assert "0-999:" in result.output
    assert "(1,100 values)" in result.output
