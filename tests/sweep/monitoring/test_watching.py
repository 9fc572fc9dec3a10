"""What one sees of a sweep on the command line: logs, one run, and how to stop or retry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.failure_file import failed_attempts
from recipe_sweep.sweep.files.pack_file import read_records
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import live_launch
from recipe_sweep.sweep.planning.opening import open_target
from tests.sweep import stand_in
from tests.sweep.cli.test_commands import call, first_run, here, imported_by, launch
from tests.sweep.processes import ROOT, wait_until
from tests.sweep.stand_in import Behaviour, behave

__all__ = ["here"]

PATHS = SweepPaths(Path("sweeps/little"))


def run_ids() -> list[str]:
    return [point.run_id for point in open_target("little.yaml").points]


def fail_one(here: Path) -> str:
    """Launch with one bad run, which is given up; returns its id."""
    run_id = first_run()
    behave(here / "data", Behaviour(raising=(run_id,)))
    launch(expect=ExitCode.FAILURE)
    behave(here / "data", Behaviour())
    return run_id


def retry(*arguments: str, expect: ExitCode = ExitCode.OK) -> str:
    return call("retry", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", *arguments, expect=expect)


def test_logs_show_the_newest_failure_with_its_trace_first(here: Path) -> None:
    assert "never launched" in call("logs", "little.yaml")
    run_id = fail_one(here)
    text = call("logs", "little.yaml")
    assert f"ArithmeticError: run {run_id} went wrong at step 20" in text
    assert "attempt 1 of 1 (failed)" in text
    retry()
    assert "(published)" in call("logs", "little.yaml"), "nothing has failed and nothing runs, so it is the newest"


def test_logs_of_a_run_a_pack_and_an_attempt_can_be_asked_for(here: Path) -> None:
    run_id = fail_one(here)
    retry()
    assert "(published)" in call("logs", "little.yaml", "--run", run_id[:6])
    [pack] = [record.pack.pack_id for record in read_records(PATHS) if record.pack.run_ids == (run_id,)]
    text = call("logs", "little.yaml", "--pack", pack[:6], "--attempt", "1", "-n", "1")
    assert "attempt 1 of 2 (failed)" in text
    assert text.splitlines()[1].startswith("ArithmeticError"), "one line from the end"
    assert "(published)" in call("logs", "little.yaml", "--run", run_id, "--follow"), "an attempt that ended ends it"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--pack", "zzz"], ["no pack 'zzz'", "started"]),
        (["--run", "zzz"], ["run zzz", "no such run"]),
        (["--run", "{run}", "--attempt", "9"], ["no attempt 9", "1"]),
        (["--run", "{run}", "--engine"], ["--run beside --engine", "one of them"]),
        (["--attempt", "1"], ["--attempt 1", "no --run or --pack"]),
        (["--engine"], ["no log of an engine", "Ray"]),
    ],
)
def test_a_log_that_is_not_there_is_told_clearly(options: list[str], says: list[str]) -> None:
    launch()
    text = call("logs", "little.yaml", *(option.format(run=first_run()) for option in options), expect=ExitCode.BAD_INPUT)
    assert all(word in text for word in says), text


def test_a_run_is_explained_at_every_stage_of_its_life(here: Path) -> None:
    run_id = first_run()
    text = call("explain", "little.yaml", run_id[:5])
    for words in (
        f"run {run_id}: waiting",
        "no run of this sweep is done",
        "none yet",
        f"recipe-sweep run little.yaml --run {run_id}",
    ):
        assert words in text
    fail_one(here)
    text = call("explain", "little.yaml", run_id)
    for words in ("gave up", "ArithmeticError", "because that failed", "failures/", "logs/", "failed"):
        assert words in text
    retry()
    text = call("explain", "little.yaml", run_id)
    value = stand_in.value_at(run_id, 40) / 100
    for words in (": done", f"score {value:.3f}", f"40: {value:.3f}", "published", "results/", "weights/", "torch", "1 thread"):
        assert words in text
    assert "1/1 of its pack's" in text
    text = call("explain", "little.yaml", run_id, "--set", "seed=[1]")
    assert "outside the grid" in text
    assert "no longer has this run" in text


def test_a_run_explained_in_json_says_the_same(here: Path) -> None:
    launch("--only", "seed=1")
    waiting, done = run_ids()[0], run_ids()[-1]
    content = json.loads(call("explain", "little.yaml", done, "--json"))
    assert (content["run_id"], content["state"]) == (done, "done")
    assert content["reason"] == {"why": "new", "detail": "no run of this sweep is done"}
    assert content["outcome"]["curve"][-1] == [40, pytest.approx(stand_in.value_at(done, 40) / 100)]
    assert content["outcome"]["wall_s"] == pytest.approx(1.0 / content["outcome"]["lanes"])
    assert [entry["end"] for entry in content["attempts"]] == ["published"]
    assert all(Path(entry["path"]).exists() for entry in content["files"])
    content = json.loads(call("explain", "little.yaml", waiting, "--json"))
    assert (content["state"], content["outcome"], content["attempts"]) == ("waiting", None, [])
    assert content["reason"] == {"why": "new", "detail": "seed 0"}, "why it would run now"


def test_why_a_run_ran_is_what_the_plan_said_then(here: Path) -> None:
    launch("--only", "seed=0")
    launch()
    assert "new: seed 1" in call("explain", "little.yaml", run_ids()[-1])


def test_an_unknown_run_cannot_be_explained() -> None:
    assert "run zzz\n  found     no such run" in call("explain", "little.yaml", "zzz", expect=ExitCode.BAD_INPUT)


def test_status_tells_failures_by_cause_with_log_and_command_and_what_it_cost(here: Path) -> None:
    run_id = fail_one(here)
    text = call("status", "little.yaml")
    for words in (
        "failures: 1 run, 1 cause",
        "sweeps/little/logs/",
        "reproduce  recipe-sweep run sweeps/little --run",
        run_id,
    ):
        assert words in text
    assert "cost so far: 1 CPU-s (0.33 s per run)" in text
    status = json.loads(call("status", "little.yaml", "--json"))
    [failure] = status["failures"]
    assert "went wrong at step 20" in failure["traceback"].splitlines()[-1]
    assert Path(failure["log"]).exists()
    # The stand-in claims one second of wall time and half a second of CPU for a pack.
    assert status["spent"] == {"runs": 3, "packs": 2, "wall_s": pytest.approx(2), "cpu_s": pytest.approx(1), "gpu_s": 0}


def test_retry_trains_what_failed_and_nothing_else(here: Path) -> None:
    bad = [point.run_id for point in open_target("little.yaml").selected(["seed=1"])]
    behave(here / "data", Behaviour(raising=tuple(bad)))
    launch(expect=ExitCode.FAILURE)
    behave(here / "data", Behaviour())
    assert "1 of 1 done" in retry("--only", "alpha=0.1")
    assert sum(failed_attempts(PATHS).values()), "failures that were not retried count on"
    plan = json.loads(call("plan", "little.yaml", "--json"))
    assert (plan["done"], plan["failed"], plan["to_do"]) == (3, 1, 0)
    assert "1 of 1 done" in retry()
    assert "no run has failed" in retry()


def test_retry_leaves_runs_alone_that_never_failed(here: Path) -> None:
    bad = run_ids()[0]
    behave(here / "data", Behaviour(raising=(bad,)))
    launch("--only", "seed=0", expect=ExitCode.FAILURE)
    behave(here / "data", Behaviour())
    assert "1 of 1 done" in retry()
    assert "2 of 4 done, 2 waiting" in call("status", "little.yaml")
    assert "no run has failed; 2 runs wait, to train them: recipe-sweep launch little.yaml" in retry()


def test_cancel_stops_a_launch_as_ctrl_c_would(here: Path) -> None:
    assert "no launch is at work" in call("cancel", "little.yaml")
    behave(here / "data", Behaviour(step_s=0.5))
    command = [
        sys.executable,
        "-m",
        "recipe_sweep.sweep.cli.main",
        "launch",
        "little.yaml",
        "--cluster",
        "inline.yaml",
        "--no-mlflow",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        wait_until(lambda: list(PATHS.checkpoints.glob("*/state.json")))
        assert live_launch(PATHS.lease) is not None
        assert "(at work)" in call("logs", "little.yaml"), "where nothing failed, what runs is shown"
        [record] = read_records(PATHS)
        assert "running" in call("explain", "little.yaml", record.pack.run_ids[0])
        text = call("cancel", "little.yaml")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert f"pid {process.pid}" in text
    assert "launch 1 has ended" in text
    assert "the same command goes on from the checkpoints" in output
    [folder] = PATHS.attempts.iterdir()
    assert [attempt.end for attempt in read_attempts(PATHS, folder.name)] == [AttemptEnd.STOPPED]
    behave(here / "data", Behaviour())
    assert "4 of 4 done" in launch()


def completions(line: str) -> list[str]:
    """What the shell offers at the end of a command line."""
    code = "from recipe_sweep.sweep.cli.main import app\napp(prog_name='recipe-sweep')"
    variables = {"_RECIPE_SWEEP_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | variables, check=False)
    return done.stdout.replace('"', " ").split()


def test_the_shell_completes_grids_axes_values_and_runs(here: Path) -> None:
    (here / "sweeps/old").mkdir(parents=True)
    (here / "sweeps/old/sweep.json").touch()
    assert "little.yaml" in completions("recipe-sweep plan li")
    assert "figure7" in completions("recipe-sweep plan fig")
    assert "sweeps/old" in completions("recipe-sweep status sw")
    assert "decomposition=" in completions("recipe-sweep plan little.yaml --only decom")
    assert "alpha=0.1" in completions("recipe-sweep plan little.yaml --only alpha=")
    assert "tau=none" in completions("recipe-sweep plan little.yaml --only tau=")
    assert "seed=0,1" in completions("recipe-sweep launch little.yaml --only seed=0,")
    run_id = first_run()
    assert run_id in completions(f"recipe-sweep explain little.yaml {run_id[:4]}")
    assert run_id in completions(f"recipe-sweep run little.yaml --run {run_id[:4]}")
    assert run_id not in completions("recipe-sweep run no-such-grid.yaml --run ")


def test_watching_imports_nothing_heavy_before_anything_is_done() -> None:
    for command in (
        ("status", "little.yaml"),
        ("logs", "little.yaml"),
        ("cancel", "little.yaml"),
        ("explain", "little.yaml", first_run()),
    ):
        assert not imported_by(*command)[1], command
