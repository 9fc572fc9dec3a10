"""`ls` shows every sweep of a folder, also beside damaged ones, without opening a results file twice."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results import done as ledger
from tests.sweep.commands import LAUNCH, call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def listed() -> dict[str, dict[str, object]]:
    return {sweep["name"]: sweep for sweep in json.loads(call("ls", "--json"))["sweeps"]}


def test_each_sweep_has_its_progress_and_best_score(here: Path) -> None:
    assert "no sweep in sweeps" in call("ls")
    call(*LAUNCH)
    call(*LAUNCH, "--only", "seed=0", "--dir", "sweeps/half")
    points = open_target("little.yaml").points
    behave(here / "data", Behaviour(raising=(points[0].run_id,)))
    call(*LAUNCH, "--dir", "sweeps/worse", expect=ExitCode.FAILURE)
    (here / "sweeps" / "notes").mkdir()
    found = listed()
    assert sorted(found) == ["half", "little", "worse"]
    assert [(found[name]["done"], found[name]["wanted"], found[name]["failed"]) for name in sorted(found)] == [
        (2, 4, 0),
        (4, 4, 0),
        (3, 4, 1),
    ]
    assert [found[name]["state"] for name in sorted(found)] == ["stopped", "finished", "stopped"]
    with Lease.acquire(SweepPaths(here / "sweeps" / "half").lease):
        assert listed()["half"]["state"] == "running"
    assert "3/4, 1 failed" in call("ls")
    assert "vdn sarsa brac, simple_spread expert" in call("ls")
    assert call("ls", "sweeps/little").count("4/4") == 1, "a sweep's own directory lists itself"


def test_a_damaged_sweep_is_one_line_with_its_reason(here: Path) -> None:
    call(*LAUNCH)
    for name, content in (("torn", '{"name": '), ("later", '{"schema_version": 99}')):
        (here / "sweeps" / name).mkdir()
        (here / "sweeps" / name / "sweep.json").write_text(content)
    for part in ("results", "lease"):
        (here / "sweeps" / "lost" / part).mkdir(parents=True)
    told = call("ls").splitlines()
    for name, reason in (("torn", "sweep.json: "), ("later", "sweep.json: "), ("lost", "sweep.json is missing")):
        [line] = [line for line in told if line.startswith(f"{name}: ")]
        assert reason in line
    assert any(line.startswith("little") and "4/4" in line for line in told)


def test_a_second_list_opens_no_results_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(*LAUNCH)
    before = listed()["little"]["best"]
    monkeypatch.setattr(ledger, "_read_file", lambda *_: pytest.fail("a results file was opened"))
    assert listed()["little"]["best"] == before


def test_reading_a_sweep_does_not_make_it_younger(here: Path) -> None:
    call(*LAUNCH)
    for path in (here / "sweeps").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (here / "sweeps" / "little" / "index" / "done.json").unlink()
    for _ in range(2):
        assert str(listed()["little"]["changed_at"]).startswith("2001-09-09")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_narrow_list_cuts_nothing(here: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    call(*LAUNCH, "--dir", "sweeps/a-name-of-some-length-for-a-sweep-as-people-like-them")
    monkeypatch.setenv("COLUMNS", str(columns))
    told = call("ls")
    assert max(map(len, told.splitlines())) <= columns
    assert "…" not in told
    assert "a-name-of-some-length-for-a-sweep-as-people-like-them" in "".join(line.split(" ")[0] for line in told.splitlines())


def test_a_folder_that_does_not_exist_is_a_mistake(here: Path) -> None:
    assert "no such directory" in call("ls", "nowhere", expect=ExitCode.BAD_INPUT)
    assert "a file" in call("ls", "little.yaml", expect=ExitCode.BAD_INPUT)
