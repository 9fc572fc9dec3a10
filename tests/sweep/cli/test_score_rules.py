"""`--score` and `--threshold`: the rule that was asked for is the one that is used and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


def test_a_report_by_another_rule_does_not_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    report = tmp_path / "sweeps/little/report"
    call("report", "sweeps/little")
    assert "evaluation at the last step" in (report / "index.html").read_text()
    final = (report / "figure7.csv").read_text()
    for options, words in (
        (("--score", "area"), "mean over training"),
        (("--score", "steps"), "90 % of the best mean score"),
        (("--score", "steps", "--threshold", "0.25"), "a score of 0.25"),
    ):
        call("report", "sweeps/little", *options)
        for name in ("index.html", "figure7.md", "tables.md"):
            assert words in (report / name).read_text(), name
        assert (report / "figure7.csv").read_text() != final
        assert words in call("recommend", "sweeps/little", *options)
        assert "run's score" not in call("recommend", "sweeps/little")
    text = call("report", "sweeps/little", "--score", "steps", "--threshold", "cloning", expect=ExitCode.BAD_INPUT)
    assert "alpha 0" in text
    text = call("report", "sweeps/little", "sweeps/little", "--score", "steps", expect=ExitCode.BAD_INPUT)
    assert "each sweep has" in text
    assert "mean over training" in call("report", "sweeps/little", "sweeps/little", "--score", "area")
    text = call("recommend", "sweeps/little", "--threshold", "90%", expect=ExitCode.BAD_INPUT)
    assert "--score final" in text
