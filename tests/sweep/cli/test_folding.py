"""A sentence fits its terminal, no word is broken, and a command can be pasted."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from recipe_sweep.sweep.cli.folding import folded, width_of
from recipe_sweep.sweep.cli.streams import screen, tell

COMMAND = "recipe-sweep data collect simple_spread random --size 2000"
SENTENCE = f"  hint      it is made when a sweep is launched; or now: {COMMAND}; or by `make demo` on a machine of your own"


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_a_command_or_a_word_is_broken(width: int) -> None:
    told = folded(SENTENCE, width)
    assert " ".join(told.split()) == " ".join(SENTENCE.split())
    assert COMMAND in told
    assert "`make demo`" in told
    assert all(len(line) <= width for line in told.splitlines() if COMMAND not in line)


def test_further_lines_begin_anywhere() -> None:
    first, *further = folded(SENTENCE, 80).splitlines()
    assert first.startswith("  hint      it")
    assert {len(line) - len(line.lstrip()) for line in further} == {12}
    assert folded("disk: about 53 GB more", 16) == "disk: about 53\n  GB more"


def test_a_label_is_parted_from_its_path() -> None:
    line = f"log      {'a' * 100}"
    assert folded(line, 80) == line


def test_a_file_or_a_pipe_is_folded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert width_of(io.StringIO()) is None
    tell(SENTENCE)
    screen().print(f"[bold]{SENTENCE}[/bold]")
    assert capsys.readouterr().out.splitlines() == [SENTENCE, SENTENCE]


def test_a_screen_folds_in_another_way_than_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    tell(f"{SENTENCE}\n\nend")
    plain = capsys.readouterr().out
    shown: Console = screen()
    shown.print(f"  [bold]hint[/bold]{SENTENCE[6:]}\n\nend")
    assert capsys.readouterr().out == plain
