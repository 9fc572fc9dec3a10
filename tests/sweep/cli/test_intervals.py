"""`report --intervals`: the layout that was asked for is the one that is drawn and described."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

REPORT = ("report", "sweeps/little", "--figure", "7")


def test_the_paper_s_layout_is_asked_for_and_the_other_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    note, picture, numbers = (tmp_path / f"sweeps/little/report/figure7.{kind}" for kind in ("md", "png", "csv"))
    call(*REPORT)
    paired = picture.read_bytes(), numbers.read_bytes()
    assert "Outline: the paper's score" in note.read_text()
    call(*REPORT, "--intervals", "single")
    assert "Dotted: the same, chosen on one half" in note.read_text()
    assert "Outline" not in note.read_text()
    assert picture.read_bytes() != paired[0]
    assert numbers.read_bytes() == paired[1], "both layouts are of the same numbers"


def test_two_sweeps_take_an_option_that_changes_nothing() -> None:
    text = call("report", "sweeps/little", "sweeps/other", "--intervals", "single", expect=ExitCode.BAD_INPUT)
    assert "--intervals beside two sweeps" in text
