"""What stands in names, logs and messages is shown on a terminal, and never obeyed by it."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path

import pytest
from rich.table import Table

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.streams import say, screen, visible
from tests.checkout import ROOT
from tests.sweep.commands import LAUNCH, call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave

HOSTILE = {
    "title": "\x1b]0;OWNED\x07",
    "clear": "\x1b[2J\x1b[H8 of 8 done",
    "colour": "\x1b[8mhidden\x1b[0m",
    "one byte": "\x9b2J",
    "bell": "\x07",
    "back": "rm -rf /\x08\x08\x08",
    "overwrite": "failed\r     done",
    "direction": "\u202egnp.exe",
    "null": "a\x00b",
    "link": "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
}
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def obeyed(text: str) -> list[str]:
    """Characters that a terminal does not just show."""
    return [character for character in text if character not in "\n\t" and not character.isprintable()]


@hostile
def test_a_control_character_is_written_out(text: str) -> None:
    assert obeyed(text)
    assert not obeyed(visible(text))
    assert visible(visible(text)) == visible(text)


def test_a_title_and_a_link_are_told_but_not_repeated() -> None:
    assert visible("a\x1b]0;OWNED\x07b") == "a\\x1b]...b"
    assert visible(HOSTILE["link"]) == "\\x1b]...click\\x1b]..."
    assert visible("\x1b]0;never ended\nnext line") == "\\x1b]0;never ended\nnext line", "nothing is hidden by half an order"


def test_plain_text_is_left_as_it_is() -> None:
    for text in ("a\tb\nc", "Müller \N{GREEK SMALL LETTER ALPHA} \N{SNOWMAN}", "\N{CJK UNIFIED IDEOGRAPH-4E2D}"):
        assert visible(text) == text


@hostile
@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_shown_in_tables_and_lines(text: str, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    there = io.StringIO()
    monkeypatch.setattr("sys.stdout", there)
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    table = Table("name")
    table.add_row(text)
    screen().print(table)
    say(text)
    for sequence in ("\x1b]", "\x1b[2J", "\x1b[8m", "\x9b", "\x07", "\x08", "\r", "\u202e", "\x00"):
        assert sequence not in there.getvalue()


def test_a_log_of_a_shared_sweep_moves_no_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    log = next((here / "sweeps" / "little" / "logs").glob("*/0001.log"))
    for text in HOSTILE.values():
        log.write_text(f"{text}\n")
        assert not obeyed(call("logs", "little.yaml", "--pack", log.parent.name))


def test_what_a_failure_says_moves_no_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    runs = stand_in_runs()
    behave(here / "data", Behaviour(raising=tuple(runs), times=None))
    call(*LAUNCH, expect=ExitCode.FAILURE)
    for text in HOSTILE.values():
        for path in (here / "sweeps" / "little" / "failures").glob("*/*.json"):
            content = json.loads(path.read_text())
            content["cause"]["message"] = content["log_tail"] = content["traceback"] = text
            path.write_text(json.dumps(content))
        for command, *words in (["status"], ["explain", runs[0]], ["logs"], ["doctor"]):
            assert not obeyed(call(command, "little.yaml", *words)), command


def stand_in_runs() -> list[str]:
    from recipe_sweep.sweep.planning.opening import open_target

    return [point.run_id for point in open_target("little.yaml").points]


@hostile
def test_an_error_names_what_it_found_without_obeying_it(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    grid = (here / "little.yaml").read_text().replace("decomposition: [vdn]", f"decomposition: [{json.dumps('vdn' + text)}]")
    (here / "hostile.yaml").write_text(grid)
    assert not obeyed(call("plan", "hostile.yaml", expect=ExitCode.BAD_INPUT))


def test_every_command_prints_by_say_or_on_a_screen() -> None:
    for path in (ROOT / "sweep" / "cli").rglob("*.py"):
        if path.name == "streams.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                assert name not in ("echo", "secho"), f"{path.name}:{node.lineno}: use say()"
                assert not (isinstance(node.func, ast.Name) and name == "print"), f"{path.name}:{node.lineno}: use say()"
