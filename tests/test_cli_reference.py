"""The command line explains itself: every command has help and an example that parses, and docs/cli.md is up to date."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from scripts.cli_reference import NAME, REFERENCE, commands, example, render

COMMANDS = dict(commands())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_has_help(path: str) -> None:
    command: Any = COMMANDS[path]
    assert command.help, f"{path} has no help"
    unexplained = [parameter.name for parameter in command.params if not parameter.help and parameter.name != "help"]
    assert not unexplained, f"{path}: no help for {unexplained}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_that_can_be_typed(path: str) -> None:
    command: Any = COMMANDS[path]
    words = shlex.split(example(command))
    assert words, f"{path} has no example; give it epilog='Example:  ...'"
    assert words[: len(path.split())] == path.split()
    command.make_context(path, words[len(path.split()) :])


def test_the_reference_is_up_to_date() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == render(), "refresh it with: python scripts/cli_reference.py"


def test_the_reference_names_every_command() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert all(f"## {path}" in text for path in COMMANDS)
    assert len(COMMANDS) >= 9
    assert all(path.startswith(NAME) for path in COMMANDS)
