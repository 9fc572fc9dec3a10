"""A command is read at a look: it says which options it takes, makes one object of them, and hands that on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT

MOST_LINES = 15


def commands(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions of a file that Typer makes commands of."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any("app." in ast.unparse(decorator) for decorator in node.decorator_list):
            yield node


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of what a function does, without its parameters and its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    last = body[-1].end_lineno if body else None
    return 0 if last is None else last - body[0].lineno + 1


COMMANDS = {
    f"{path.stem}.{function.name}": function
    for path in sorted((ROOT / "sweep" / "cli").glob("*.py"))
    for function in commands(path)
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_work_that_no_other_code_can_ask_for(name: str) -> None:
    lines = body_lines(COMMANDS[name])
    assert lines <= MOST_LINES, (
        f"{name}: {lines} lines; make one object of its options and call a function of sweep/cli/actions"
    )


def test_every_command_is_looked_at() -> None:
    assert len(COMMANDS) >= 25
    assert {"launch_commands.launch", "data_commands.import_", "main._options"} <= COMMANDS.keys()


def test_lines_are_those_between_the_docstring_and_the_end() -> None:
    [function] = ast.parse(
        'def f(\n    a,\n):\n    """Told\n    at length."""\n    call(\n        a\n    )\n    call(a)\n'
    ).body
    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function) == 4
