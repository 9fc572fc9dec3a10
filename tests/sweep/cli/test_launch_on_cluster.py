"""`launch GRID --cluster FILE` with machines that are started: one command plans, asks, starts, follows, brings and ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from recipe_sweep.cluster.backends import registry
from recipe_sweep.cluster.backends.reach import Here
from recipe_sweep.cluster.shipment import Wheel
from recipe_sweep.sweep.cli.actions import launch_on_cluster
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.clusters import following, jobs, machines
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.options import LaunchOptions
from recipe_sweep.sweep.planning import numerics
from recipe_sweep.sweep.planning.opening import Reference
from recipe_sweep.sweep.results.done import read_done
from tests.checkout import ROOT
from tests.sweep import stand_in
from tests.sweep.cli.cluster_here import NAME, HereBackend
from tests.sweep.cli.test_bad_input import GRID, contents
from tests.sweep.processes import wait_until
from tests.sweep.stand_in import Behaviour, behave

LAUNCH = ("launch", "little.yaml", "--cluster", "here.yaml", "--no-mlflow")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a grid and a cluster file. The cluster is the folder `there` beside it."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(following, "FETCH_EVERY_S", 0.2)
    backends = {**registry.BACKENDS, NAME: HereBackend}
    monkeypatch.setattr(registry, "BACKENDS", backends)
    monkeypatch.setattr(machines, "BACKENDS", backends)

    def build(directory: Path) -> Wheel:
        (directory / "recipe_sweep-0.1.0-py3-none-any.whl").write_bytes(b"the code")
        return Wheel(directory / "recipe_sweep-0.1.0-py3-none-any.whl", "5" * 64)

    monkeypatch.setattr(jobs, "build_wheel", build)
    (here / "little.yaml").write_text(GRID)
    (here / "here.yaml").write_text(f"backend: here\ndirectory: {there}\n")
    return here


def run(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=answer)


def is_done(here: Path) -> bool:
    return len(read_done(SweepPaths(here / "sweeps" / "little")).file_of) == 4


def is_clean(here: Path) -> bool:
    """The cluster is down, and nothing here says that it is up."""
    left = ((here / "here.generated" / "up.json").exists(), (here / "sweeps" / "little" / "on_cluster.json").exists())
    return (here.parent / "there" / "is-down").exists() and left == (False, False)


def test_one_command_leaves_results_elsewhere_or_the_cluster_up(here: Path) -> None:
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.OK, result.output
    assert result.output.splitlines()[0] == "The time of this plan is not known; the machines end after 1 h, which is $2."
    assert is_done(here)
    assert list((here / "sweeps" / "little" / "weights").glob("*.safetensors"))
    assert is_clean(here)
    assert "4 of 4 done" in result.output
    again = run(*LAUNCH, "--yes")
    assert "4 of 4 done, nothing to do" in again.output
    assert not (here / "here.generated" / "up.json").exists(), "nothing is started for nothing"


def test_machines_are_started_without_a_question(here: Path) -> None:
    before = contents(here)
    result = run(*LAUNCH)
    assert result.exit_code == ExitCode.BAD_INPUT
    assert "--yes" in result.stderr
    assert contents(here) == before


@pytest.mark.parametrize("option", ["--notify", "--at-end"])
def test_what_should_follow_the_end_is_forgotten_because_nobody_sees_the_end(
    here: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELL", "json://localhost/")
    before = contents(here)
    result = run(*LAUNCH, "--yes", "--detach", option, "env:TELL" if option == "--notify" else "touch ended")
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert f"{option} beside --detach" in result.stderr
    assert contents(here) == before


def test_a_plan_over_the_budget_is_started(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from recipe_sweep.sweep.cli.actions import launch_on_cluster as action
    from recipe_sweep.sweep.estimates.budget import Budget

    needs = Budget(over=True, sentence="This plan needs about 9 h, more than the budget.")
    monkeypatch.setattr(action, "budget_of", lambda *_: needs)
    before = contents(here)
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT
    assert result.output.splitlines()[0] == "This plan needs about 9 h, more than the budget."
    assert "--over-budget" in result.stderr
    assert contents(here) == before
    assert run(*LAUNCH, "--yes", "--over-budget").exit_code == ExitCode.OK
    assert is_done(here)


def test_of_two_files_with_mistakes_only_one_is_told(here: Path) -> None:
    (here / "little.yaml").write_text(GRID.replace("alpha:", "alhpa:"))
    (here / "here.yaml").write_text("backend: here\ndirectory: relative\nlimit_huors: 3\n")
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT
    for mistake in ("alhpa", "directory", "limit_huors"):
        assert mistake in result.stderr


def test_options_of_the_launch_stay_here(here: Path) -> None:
    result = run(*LAUNCH, "--yes", "--only", "seed=0", "--keep", "none", "--set", "axes.alpha.brac=[0.1]")
    assert result.exit_code == ExitCode.OK, result.output
    paths = SweepPaths(here / "sweeps" / "little")
    assert len(read_done(paths).file_of) == 1
    assert not list(paths.weights.glob("*"))


def test_the_command_that_follows_again_is_of_another_directory(here: Path) -> None:
    there = ("--dir", "other", "--set", "axes.seed=[0]")
    started = run(*LAUNCH, "--yes", "--detach", *there)
    assert "`recipe-sweep launch little.yaml --dir other --set 'axes.seed=[0]' --cluster here.yaml`" in started.output
    assert "`recipe-sweep cancel little.yaml --dir other`" in started.output
    assert run(*LAUNCH, *there).exit_code == ExitCode.OK
    assert len(read_done(SweepPaths(here / "other")).file_of) == 2


class Following:
    """The command in a process of its own, so that it can be interrupted and killed."""

    def __init__(self, directory: Path, *words: str) -> None:
        self.output = directory / f"said-{time.monotonic_ns()}"
        script = "from tests.sweep.cli.test_launch_on_cluster import registered; registered()"
        with self.output.open("wb") as output:
            self._popen = subprocess.Popen([sys.executable, "-c", script, *words], cwd=directory, stdout=output, stderr=output)

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def end(self) -> tuple[int, str]:
        return self._popen.wait(60), self.output.read_text()


def registered() -> None:
    """Run the command line, with this cluster among the backends and without building a wheel."""
    backends = {**registry.BACKENDS, NAME: HereBackend}
    registry.BACKENDS = machines.BACKENDS = backends
    following.FETCH_EVERY_S = 0.2
    app()


def test_following_cannot_be_left_and_taken_up_again(here: Path) -> None:
    behave(here.parent / "data", Behaviour(step_s=0.3))
    started = run(*LAUNCH, "--yes", "--detach")
    assert started.exit_code == ExitCode.OK, started.output
    assert "recipe-sweep cancel little.yaml" in started.output
    refused = run("launch", "little.yaml", "--no-mlflow")
    assert refused.exit_code == ExitCode.BAD_INPUT
    assert "a sweep that runs on the here cluster" in refused.stderr

    first = Following(here, *LAUNCH)
    wait_until(lambda: any((here / "sweeps" / "little" / "progress").glob("*.json")))
    first.signal(signal.SIGINT)
    code, said = first.end()
    assert code == ExitCode.INTERRUPTED, said
    assert "detached: the launch goes on there" in said

    second = Following(here, *LAUNCH)
    wait_until(lambda: "running" in second.output.read_text())
    second.signal(signal.SIGKILL)
    second.end()

    behave(here.parent / "data", Behaviour())
    third = run(*LAUNCH)
    assert third.exit_code == ExitCode.OK, third.output
    assert "follow" in third.output
    assert is_done(here)
    assert is_clean(here)


def test_no_run_looks_done_here_before_the_launch_there_has_ended(here: Path) -> None:
    behave(here.parent / "data", Behaviour(step_s=0.2))
    following = Following(here, *LAUNCH, "--yes")
    wait_until(lambda: "2 of 4 done, 2 running" in following.output.read_text())
    behave(here.parent / "data", Behaviour())
    code, said = following.end()
    assert code == ExitCode.OK, said


def test_a_launch_on_a_cluster_cannot_be_cancelled_from_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behave(here.parent / "data", Behaviour(step_s=0.5))
    assert run(*LAUNCH, "--yes", "--detach").exit_code == ExitCode.OK
    there = SweepPaths(here.parent / "there" / "sweeps" / "little")
    wait_until(lambda: any(there.progress.glob("*.json")))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # as with `.venv/bin/recipe-sweep`
    cancelled = run("cancel", "little.yaml")
    assert cancelled.exit_code == ExitCode.OK, cancelled.output
    assert "asked launch 1" in cancelled.output
    followed = run(*LAUNCH)
    assert followed.exit_code == ExitCode.INTERRUPTED, followed.output
    assert is_clean(here)
    assert list((here / "sweeps" / "little" / "checkpoints").glob("*/*")), "or nothing can go on from them here"


def test_a_sweep_in_the_directory_that_the_cluster_sees_is_copied_onto_itself_or_asks_itself_to_stop_for_ever(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "here.yaml").write_text(f"backend: here\ndirectory: {here}\n")
    behave(here.parent / "data", Behaviour(step_s=0.5))
    with monkeypatch.context() as patch:
        for name in ("bring", "send", "cancel"):
            patch.setattr(Here, name, None)
        assert run(*LAUNCH, "--yes", "--detach").exit_code == ExitCode.OK
        wait_until(lambda: any(SweepPaths(here / "sweeps" / "little").progress.glob("*.json")))
        cancelled = run("cancel", "little.yaml")
        assert "asked launch 1" in cancelled.output, cancelled.output
        followed = run(*LAUNCH)
        assert followed.exit_code == ExitCode.INTERRUPTED, followed.output
        behave(here.parent / "data", Behaviour())
        assert run(*LAUNCH, "--yes").exit_code == ExitCode.OK
    assert is_done(here)


def test_a_launch_that_fails_there_looks_as_if_it_went_well(here: Path) -> None:
    (here.parent / "there" / "sweeps").write_text("in the way")
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert "the end of its output" in result.output
    assert "is a file" in result.output


def test_the_end_of_an_earlier_launch_ends_a_job_that_waits_for_its_nodes(here: Path) -> None:
    with (here / "here.yaml").open("a") as file:
        file.write("queue_s: 1\n")
    assert run(*LAUNCH, "--yes", "--only", "seed=0").exit_code == ExitCode.OK
    assert run(*LAUNCH, "--yes").exit_code == ExitCode.OK
    assert is_done(here)


def test_an_empty_directory_of_the_sweep_is_in_the_way(here: Path) -> None:
    (here / "sweeps" / "little").mkdir(parents=True)
    assert run(*LAUNCH, "--yes").exit_code == ExitCode.OK


def test_what_was_done_here_is_trained_again_there(here: Path) -> None:
    (here / "inline.yaml").write_text("schema_version: 1\nbackend: inline\nmax_lanes: 1\n")
    first = run("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", "--only", "seed=0")
    assert first.exit_code == ExitCode.OK, first.output
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.OK, result.output
    assert "sending what is done" in result.output
    assert is_done(here)
    assert len(stand_in.trainings(here.parent / "data")) == 4


def test_machines_are_ended_while_results_are_still_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Here, "bring", lambda self, target, without: ("sh", "-c", "echo no room >&2; exit 11"))
        result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.FAILURE, result.output
    assert "the machines are still up" in result.output
    assert (here / "here.generated" / "up.json").exists()
    assert not (here.parent / "there" / "is-down").exists()
    again = run(*LAUNCH)
    assert again.exit_code == ExitCode.OK, again.output
    assert is_done(here)
    assert is_clean(here)


def test_no_machine_is_started_for_a_sweep_of_other_numerics(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "inline.yaml").write_text("backend: inline\n")
    local = ("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", "--only", "seed=0")
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", 1)
        assert run(*local).exit_code == ExitCode.OK
    refused = run(*LAUNCH, "--yes")
    assert refused.exit_code == ExitCode.BAD_INPUT
    assert "a sweep of numerics 1" in refused.output
    assert not (here / "here.generated").exists()


def test_renumber_goes_with_the_launch_to_the_cluster(here: Path) -> None:
    options = LaunchOptions(Reference("little.yaml"), renumber=True)
    assert "--renumber" in launch_on_cluster._words(options)
