"""`runs` lists every run of a grid with its status, in the order and the number that were asked for, whatever the width."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import StatusesOption
from recipe_sweep.sweep.monitoring.listed_status import ListedStatus
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results import done as ledger
from tests.sweep.commands import LAUNCH, call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave

WIDE = (
    "--set",
    "settings.lr=[0.001,0.0003]",
    "--set",
    "settings.hidden=[[8,8],[16,16,16,16]]",
    "--set",
    "alpha.brac=[0.1,3.0]",
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def listed(*arguments: str, grid: str = "little.yaml") -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(call("runs", grid, "--json", *arguments))["runs"]
    return found


def test_each_run_has_the_status_that_its_files_show(here: Path) -> None:
    points = open_target("little.yaml").points
    assert {run["status"] for run in listed()} == {"missing"}
    behave(here / "data", Behaviour(raising=(points[0].run_id,), diverging=(points[2].run_id,)))
    call(*LAUNCH, "--only", "seed=0", expect=ExitCode.FAILURE)
    call(*LAUNCH, "--only", "alpha=1.0", expect=ExitCode.OK)
    status = {run["run_id"]: run["status"] for run in listed()}
    by_id = {point.run_id: point for point in points}
    for run_id, found in status.items():
        point = by_id[run_id]
        expected = "failed" if point is points[0] else "diverged" if point is points[2] else None
        assert found == (expected or ("finished" if point.alpha == 1.0 else "missing"))
    for word in ("failed", "diverged", "finished", "missing"):
        assert {run["run_id"] for run in listed("--status", word)} == {key for key, value in status.items() if value == word}
    two = listed("--status", "failed", "--status", "diverged")
    assert {run["run_id"] for run in two} == {points[0].run_id, points[2].run_id}
    assert [run["steps_done"] for run in listed("--status", "finished")] == [40]


def test_runs_are_sorted_and_limited_as_asked() -> None:
    call(*LAUNCH, "--only", "alpha=0.1")
    scores = [run["score"] for run in listed("--sort", "score")]
    assert scores[:2] == sorted((score for score in scores[:2]), reverse=True)
    assert scores[2:] == [None, None], "runs without a score come last"
    assert [run["seed"] for run in listed("--sort", "seed")] == [0, 0, 1, 1]
    assert len(listed("--limit", "3")) == 3
    assert "4 runs of 4, 3 of them shown" in call("runs", "little.yaml", "--limit", "3")
    assert [run["alpha"] for run in listed("--only", "alpha=1.0")] == [1.0, 1.0]
    assert "did you mean score?" in call("runs", "little.yaml", "--sort", "scor", expect=ExitCode.BAD_INPUT)


def test_a_column_of_numbers_and_words_can_be_sorted() -> None:
    runs = listed("--sort", "divergence_bound", "--set", "settings.divergence_bound=[auto,1e8,none]")
    assert [run["divergence_bound"] for run in runs][::4] == [1e8, "auto", None]


def test_every_swept_setting_is_shown_and_a_shown_id_names_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    points = open_target("little.yaml", None, WIDE[1::2]).points
    for columns in (60, 80, 120, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        told = call("runs", "little.yaml", *WIDE)
        assert max(map(len, told.splitlines())) <= columns
        assert "…" not in told
        words = " ".join(told.split())
        assert all(text in words for text in ("16x16x16x16", "0.0003", "seed", "simple_spread")), words
        ids = [line.split()[0] for line in told.splitlines() if "missing" in line]
        assert len(ids) == len(points) == 16
        for shown in ids:
            assert sum(point.run_id.startswith(shown) for point in points) == 1


def test_a_list_of_a_finished_sweep_opens_no_results_file(monkeypatch: pytest.MonkeyPatch) -> None:
    call(*LAUNCH)
    before = listed()
    assert all(run["score"] is not None for run in before)
    monkeypatch.setattr(ledger, "_read_file", lambda *_: pytest.fail("a results file was opened"))
    assert listed() == before


def test_a_plan_lists_exactly_what_it_would_train() -> None:
    call(*LAUNCH, "--only", "seed=0")
    assert "runs" not in json.loads(call("plan", "little.yaml", "--json"))
    planned = json.loads(call("plan", "little.yaml", "--list", "--json"))["runs"]
    assert {(run["seed"], run["status"]) for run in planned} == {(1, "missing")}
    told = call("plan", "little.yaml", "--list")
    assert all(str(run["run_id"])[:6] in told for run in planned)
    assert "0 runs of 4" in call("plan", "little.yaml", "--list", "--only", "seed=0")


def test_the_statuses_of_the_option_are_those_of_the_list() -> None:
    words = next(word for kind in get_args(get_args(StatusesOption)[0]) for word in get_args(kind))
    assert [word.value for word in words] == [status.value for status in ListedStatus]
