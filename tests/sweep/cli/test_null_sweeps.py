"""`report --null-sweeps`: a reader is told how often this report's claims hold where nothing differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.analysis.findings.claims import Verdict
from recipe_sweep.sweep.cli.actions.null_sweeps import NullShares, null_shares
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.worker.worlds import world_named
from scripts.worlds import NAMES, judged_by_arrays
from tests.analysis.test_worlds import arrays, small
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SWEEPS = 6


def test_the_shares_are_those_of_the_null_world() -> None:
    shape, row = small(), judged_by_arrays(world_named("null"), arrays(), SWEEPS)
    found = null_shares(shape.points, {point.run_id for point in shape.points}, SWEEPS)
    assert dict(found.holds) == {name: row.share(name, Verdict.HOLDS) for name, _ in found.holds}
    assert {name for name, _ in found.holds} >= {name for name in NAMES if row.share(name, Verdict.OPEN) < 1.0}
    assert {"mix-leads", "awr-scores", "vdn-ceiling"} <= {name for name, _ in found.holds}
    assert not {"svn-returns", "plain-mix-grows"} & {name for name, _ in found.holds}, "never judged in such a grid"


def test_runs_that_the_real_sweep_lacks_are_missing_in_the_null_sweeps_too() -> None:
    points = small().points
    two_seeds = {point.run_id for point in points if point.seed < 2}
    assert null_shares(points, two_seeds, 2).holds == (), "two seeds give no interval, so nothing is judged"


def test_the_sentence_names_every_claim_with_its_share() -> None:
    text = NullShares(200, (("mix-leads", 0.02), ("awr-scores", 0.0)), 0.02).sentences
    assert "200 null sweeps" in text
    assert "mix-leads 2 %, awr-scores 0 %; any claim 2 %." in text


def test_the_page_says_it_beside_the_claims_if_asked_and_not_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    page = tmp_path / "sweeps/little/report/index.html"
    assert "null sweep" not in call("report", "sweeps/little") + page.read_text()
    assert "judged in 3 null sweeps" in call("report", "sweeps/little", "--null-sweeps", "3")
    claims = page.read_text().partition('<section id="claims">')[2].partition("</section>")[0]
    assert "judged in 3 null sweeps" in claims


def test_two_sweeps_take_no_such_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    text = call("report", "sweeps/little", "sweeps/little", "--null-sweeps", "3", expect=ExitCode.BAD_INPUT)
    assert "--null-sweeps beside two sweeps" in text
