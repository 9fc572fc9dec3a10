from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.options import Panel
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.worker.source import code_version
from tests.checkout import ROOT
from tests.sweep import stand_in
from tests.sweep.cli.test_bad_input import GRID
from tests.sweep.commands import call, stand_in_sweep
from tests.sweep.stand_in import Behaviour, behave

HEAVY = ("torch", "ray", "mlflow", "pandas", "matplotlib", "scipy", "pyarrow")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def launch(*arguments: str, expect: ExitCode = ExitCode.OK) -> str:
    return call("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", *arguments, expect=expect)


def imported_by(*arguments: str, among: tuple[str, ...] = HEAVY) -> tuple[str, set[str]]:
    """What a command prints, and which heavy libraries a fresh process has imported for it."""
    code = (
        "import sys\nfrom recipe_sweep.sweep.cli.main import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as end:\n    code = end.code\n"
        f"print('IMPORTED', *(set({among}) & set(sys.modules)))\nsys.exit(code)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=True)
    text, _, modules = done.stdout.rpartition("IMPORTED")
    return text, set(modules.split())


def test_help_imports_nothing_heavy() -> None:
    text, heavy = imported_by("--help")
    assert "launch" in text
    assert not heavy


def test_the_release_and_its_code_are_not_told() -> None:
    text, heavy = imported_by("--version")
    assert text.strip() == f"recipe-sweep {code_version()}"
    assert not heavy


def test_a_plan_imports_nothing_heavy() -> None:
    text, heavy = imported_by("plan", "figure7")
    assert "16,384 runs in" in text
    assert "of what these runs take one by one" in text
    assert not heavy


def test_a_status_loads_numpy_which_takes_longer_than_reading_the_sweep() -> None:
    launch()
    text, found = imported_by("status", "little.yaml", among=("numpy",))
    assert "4 of 4 done" in text
    assert not found


def test_a_finished_launch_says_so_without_importing_torch_or_ray() -> None:
    launch()
    text, heavy = imported_by("launch", "little.yaml", "--no-mlflow")
    assert "4 of 4 done, nothing to do" in text
    assert not heavy & {"torch", "ray", "mlflow", "pandas", "matplotlib"}


def test_init_writes_a_grid_that_can_be_planned() -> None:
    assert "recipe-sweep plan mine.yaml" in call("init", "mine.yaml")
    assert json.loads(call("plan", "mine.yaml", "--json"))["wanted"] > 0


def test_launch_says_where_everything_is() -> None:
    text = launch()
    for place in ("sweeps/little/results", "recipe-sweep report sweeps/little"):
        assert place in text
    assert "sqlite:///" in call("launch", "little.yaml"), "nothing is left to do, and still it says where the database is"


def test_plan_and_status_in_json_agree_with_what_happened() -> None:
    plan = json.loads(call("plan", "little.yaml", "--json"))
    assert (plan["wanted"], plan["to_do"], plan["done"]) == (4, 4, 0)
    assert plan["axes"]["seed"] == {"0": 2, "1": 2}
    launch("--only", "seed=1")
    plan = json.loads(call("plan", "little.yaml", "--json"))
    assert (plan["to_do"], plan["done"]) == (2, 2)
    assert plan["reasons"] == [{"why": "new", "detail": "seed 0", "runs": 2}]
    status = json.loads(call("status", "sweeps/little", "--json"))
    assert (status["done"], status["waiting"], status["launch"]) == (2, 2, None)
    assert {"axis": "seed", "value": "1", "done": 2, "wanted": 2} in status["axes"]


def test_a_plan_says_what_its_rules_leave_out_and_why(here: Path) -> None:
    rule = "exclude:\n  - when: {seed: 1}\n    reason: one seed will do\n"
    (here / "ruled.yaml").write_text(GRID + rule)
    assert "Skipped 2 runs: one seed will do." in call("plan", "ruled.yaml")
    assert json.loads(call("plan", "ruled.yaml", "--json"))["excluded"] == [{"reason": "one seed will do", "runs": 2}]


def test_a_plan_says_what_is_new_what_is_kept_and_what_is_outside() -> None:
    launch()
    text = call("plan", "little.yaml", "--set", "seed=[1,2]", "--set", "alpha.brac=[0.1,3.0]")
    for words in ("done: 1 of 4, kept", "3 runs in", "alpha 3.0", "seed 2", "outside this grid: 3", "trained again"):
        assert words in text


def test_failed_runs_are_told_by_cause_with_the_command_that_shows_one_again(here: Path) -> None:
    run_id = first_run()
    behave(here / "data", Behaviour(raising=(run_id,)))
    text = launch(expect=ExitCode.FAILURE)
    assert "3 of 4 done" in text
    assert f"1 run failed (given up): ArithmeticError: run {run_id} went wrong" in text
    assert f"recipe-sweep run little.yaml --run {run_id}" in text
    assert "1 failed" in call("status", "little.yaml")
    text = launch(expect=ExitCode.FAILURE)
    assert "3 of 4 done, nothing to do" in text
    assert "--retry-failed" in text
    behave(here / "data", Behaviour())
    assert "4 of 4 done" in launch("--retry-failed")


def test_exported_tables_hold_every_finished_run_once(here: Path) -> None:
    launch()
    call("export", "little.yaml", "-o", "runs.parquet")
    call("export", "little.yaml", "-o", "runs.csv")
    table = pq.read_table(here / "runs.parquet")
    with (here / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["run_id"] for row in rows) == sorted(table["run_id"].to_pylist())
    assert len(set(table["run_id"].to_pylist())) == 4
    assert json.loads(rows[0]["curve_step"]) == [10, 20, 30, 40]
    call("export", "little.yaml", "--only", "seed=1", "-o", "some.parquet")
    assert pq.read_table(here / "some.parquet").num_rows == 2


def test_an_exported_policy_is_a_file_that_plain_pytorch_loads(here: Path) -> None:
    launch()
    run_id = first_run()
    call("export", "little.yaml", "--policy", run_id[:8], "-o", "policy.safetensors")
    [(name, array)] = load_file(here / "policy.safetensors").items()
    assert name == "actor"
    assert array.tolist() == pytest.approx([stand_in.value_at(run_id, 40)] * 2)


def test_a_grid_and_its_sweep_directory_mean_the_same() -> None:
    launch("--set", "steps=80")
    assert "4 of 4 done" in call("status", "sweeps/little")
    assert "4 outside this grid" in call("status", "little.yaml")
    assert "4 of 4 done, nothing to do" in call("launch", "sweeps/little", "--no-mlflow")


def test_status_before_any_launch_shows_what_waits() -> None:
    assert "0 of 4 done, 4 waiting" in call("status", "little.yaml")


def test_doctor_fails_where_something_is_wrong(here: Path) -> None:
    launch()
    assert "no problem found" in call("doctor", "little.yaml")
    next((here / "sweeps/little/weights").iterdir()).unlink()
    assert "weights of pack" in call("doctor", "little.yaml", expect=ExitCode.FAILURE)


def test_one_run_is_really_trained_in_this_process_and_leaves_no_trace(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECIPE_SWEEP_WORKLOAD")
    before = sorted(here.glob("*"))
    text = call("run", "little.yaml", "--only", "seed=1", "--only", "alpha=1.0")
    assert "step 40 of 40" in text
    assert "nothing was recorded" in text
    assert sorted(here.glob("*")) == before, "data may have been made, but no sweep"


def first_run() -> str:
    from recipe_sweep.sweep.planning.opening import open_target

    return open_target("little.yaml").points[0].run_id


def test_a_second_launch_is_refused_while_one_is_at_work(here: Path) -> None:
    launch("--only", "seed=0")
    with Lease.acquire(SweepPaths(here / "sweeps/little").lease):
        text = launch(expect=ExitCode.BAD_INPUT)
        assert "another launch at work" in text
        assert f"pid {os.getpid()}" in text
        assert "at work" in call("status", "little.yaml")
    assert "4 of 4 done" in launch()


def test_two_sweeps_are_held_against_each_other(here: Path) -> None:
    launch("--dir", "before")
    launch("--dir", "after", "--set", "lr=1e-3")
    text = call("report", "before", "after")
    assert "# before and after" in text
    assert "| grid | lr |" in text
    for name in ("index.html", "comparison.md", "comparison.csv"):
        assert (here / "before" / "report" / "against-after" / name).stat().st_size > 0


def test_options_of_one_sweep_are_refused_beside_two(here: Path) -> None:
    launch("--dir", "before")
    text = call("report", "before", "before", "--set", "lr=1e-3", "--figure", "7", expect=ExitCode.BAD_INPUT)
    assert "2 problems" in text
    assert "--set beside two sweeps" in text
    assert "--figure beside two sweeps" in text
    assert not (here / "before" / "report").exists()


@pytest.mark.parametrize("name", ["~", "~root", "a b'c", "seed=3", "-rf", "%s", "é"])
def test_a_directory_of_any_name_holds_its_sweep(here: Path, name: str) -> None:
    launch(f"--dir={name}")
    assert "4 of 4 done, nothing to do" in launch(f"--dir={name}")
    call("report", f"./{name}")
    call("export", f"./{name}", "-o", "~.parquet")
    assert (here / "~.parquet").exists()


@pytest.mark.parametrize("words", [(), ("data",), ("cluster",), ("-h",), ("data", "-h"), ("runs", "--help")])
def test_whoever_asks_for_help_has_made_no_mistake(words: tuple[str, ...]) -> None:
    assert "Usage: " in call(*words)


def test_every_command_stands_in_a_group_of_the_help() -> None:
    told = call("-h")
    assert "─ Commands ─" not in told
    places = [told.index(f"─ {panel.value} ─") for panel in Panel]
    assert places == sorted(places)
