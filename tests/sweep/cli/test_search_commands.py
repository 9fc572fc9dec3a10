"""The commands that work on a grid work on a search, which one launch brings to its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from tests.sweep import stand_in
from tests.sweep.commands import call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave

OPTIONS = ("--cluster", "inline.yaml", "--no-mlflow")
SMALL = ("--set", "settings.steps=40", "--set", "settings.eval_every=10", "--set", "search.trials=6")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def test_a_search_goes_from_plan_to_report_by_the_commands_of_a_grid(here: Path) -> None:
    planned = call("plan", "search_spread", *SMALL)
    assert "2 studies of 6 trials in rounds of 4, 24 runs with 2 seeds; 0 of 12 trials begun" in planned
    assert "16 runs wanted" in planned
    assert not (here / "sweeps").exists()
    call("launch", "search_spread", *SMALL, *OPTIONS)
    assert "24 of 24 done, nothing to do" in call("launch", "search_spread", *SMALL, *OPTIONS)
    sweep = "sweeps/search_spread"
    assert "12 of 12 trials begun in 2 rounds, 12 finished" in call("status", sweep)
    assert "no problem found" in call("doctor", sweep)
    report = call("report", sweep)
    assert "best of the search" in report
    assert "more runs early. They are in none of these numbers" in report

    listed = ["axes.alpha.brac=[0.1,10.0]", "axes.tau=[0.7,0.9]", "name=listed", "search=null"]
    call("launch", "search_spread", *SMALL[:4], *(word for text in listed for word in ("--set", text)), *OPTIONS)
    studies = json.loads(call("best", sweep, "--beside", "sweeps/listed", "--json"))["studies"]
    assert [study["beside"]["trials"] for study in studies] == [2, 4]
    pruned = 12 - sum(study["search"]["trials"] for study in studies)
    assert f"12 finished, {pruned} of them pruned" in call("status", sweep), "by the values that the stand-in makes of the ids"
    table = call("best", sweep, "--beside", "sweeps/listed")
    assert all(f"{study[side]['score']:.3f}" in table for study in studies for side in ("search", "beside"))
    assert "done" in call("explain", sweep, studies[0]["search"]["run_ids"][0])


def test_a_search_can_be_rehearsed() -> None:
    call("rehearse", "search_spread", *SMALL, *OPTIONS)
    assert "12 finished" in call("status", "sweeps/search_spread-rehearsal")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("launch search_spread --only seed=0", "a part of a search"),
        ("launch search_spread --only value_learning=iql", "a part of a search"),
        ("plan search_spread --only seed=0", "a part of a search"),
        ("best little.yaml", "a sweep that was launched before"),
        ("best search_spread", "a sweep that was launched before"),
        ("run search_spread", "a search without any trial yet"),
    ],
)
def test_what_makes_no_sense_of_a_search_is_refused_and_nothing_written(here: Path, command: str, says: str) -> None:
    before = sorted(here.rglob("*"))
    assert says in call(*command.split(), expect=ExitCode.BAD_INPUT)
    assert sorted(here.rglob("*")) == before


def test_a_search_with_a_bad_run_goes_on_to_its_end_and_says_so(here: Path) -> None:
    call("launch", "search_spread", *SMALL, *OPTIONS)
    run = stand_in.trainings(here / "data")[0]  # Of the first round, which asks for the same again.
    behave(here / "data", Behaviour(raising=(run,)))
    said = call("launch", "search_spread", *SMALL, *OPTIONS, "--dir", "again", expect=ExitCode.FAILURE)
    assert "12 of 12 trials begun in 2 rounds" in said
    assert "11 finished" in call("status", "again")
