"""`launch GRID --cluster kubernetes.yaml` is followed like any other. The pod is a folder: `tests/cluster/kubectl_here.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from recipe_sweep.cluster.shipment import Wheel
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.clusters import following, jobs
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.done import read_done
from tests.checkout import ROOT
from tests.cluster import kubectl_here
from tests.sweep import stand_in
from tests.sweep.cli.test_bad_input import GRID, contents
from tests.sweep.processes import wait_until
from tests.sweep.stand_in import Behaviour, behave

LAUNCH = ("launch", "little.yaml", "--cluster", "k.yaml", "--no-mlflow")
CLUSTER = """\
backend: kubernetes
image: registry.lab.org/base:1
travel: ray
workers: 1
cpus_per_worker: 2
memory_gb_per_worker: 8
hours: 1
"""


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    return tmp_path / "pod"


@pytest.fixture
def here(tmp_path: Path, pod: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    kubectl_here.write(tmp_path / "bin", pod)
    data(pod).mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    monkeypatch.setattr(following, "FETCH_EVERY_S", 0.2)

    def build(directory: Path) -> Wheel:
        (directory / "recipe_sweep-0.1.0-py3-none-any.whl").write_bytes(b"the code")
        return Wheel(directory / "recipe_sweep-0.1.0-py3-none-any.whl", "5" * 64)

    monkeypatch.setattr(jobs, "build_wheel", build)
    (here / "little.yaml").write_text(GRID)
    (here / "k.yaml").write_text(CLUSTER)
    return here


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def there(pod: Path) -> SweepPaths:
    return SweepPaths(pod / "mnt/recipe-sweep/sweeps/little")


def data(pod: Path) -> Path:
    return pod / "mnt/recipe-sweep/data"


def is_done(here: Path) -> bool:
    paths = SweepPaths(here / "sweeps" / "little")
    return len(read_done(paths).file_of) == 4 and any(paths.weights.glob("*.safetensors"))


def is_clean(here: Path, pod: Path) -> bool:
    left = ((here / "k.generated" / "up.json").exists(), (here / "sweeps" / "little" / "on_cluster.json").exists())
    return (pod / "deleted").exists() and left == (False, False)


def test_a_launch_in_a_pod_is_not_followed_or_leaves_its_results_there(here: Path, pod: Path) -> None:
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.OK, result.output
    assert "4 of 4 done" in result.output
    assert "a lost head costs all that was not brought here yet" in result.output
    assert is_done(here)
    assert is_clean(here, pod)


def test_what_was_done_here_is_trained_again_in_the_pod(here: Path, pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "inline.yaml").write_text("schema_version: 1\nbackend: inline\nmax_lanes: 1\n")
    with monkeypatch.context() as patch:
        patch.setenv("RECIPE_SWEEP_DATA", str(data(pod)))
        assert run("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", "--only", "seed=0").exit_code == 0
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.OK, result.output
    assert "sending what is done" in result.output
    assert is_done(here)
    assert len(stand_in.trainings(data(pod))) == 4


def test_a_launch_in_a_pod_cannot_be_left_taken_up_again_and_cancelled(here: Path, pod: Path) -> None:
    behave(data(pod), Behaviour(step_s=0.5))
    started = run(*LAUNCH, "--yes", "--detach")
    assert started.exit_code == ExitCode.OK, started.output
    wait_until(lambda: any(there(pod).progress.glob("*.json")))
    cancelled = run("cancel", "little.yaml")
    assert cancelled.exit_code == ExitCode.OK, cancelled.output
    assert "asked launch 1" in cancelled.output
    followed = run(*LAUNCH)
    assert "following it" in followed.output
    assert followed.exit_code == ExitCode.INTERRUPTED, followed.output
    assert is_clean(here, pod)
    assert list((here / "sweeps" / "little" / "checkpoints").glob("*/*")), "or nothing can go on from them here"
    behave(data(pod), Behaviour())
    assert run(*LAUNCH, "--yes").exit_code == ExitCode.OK
    assert is_done(here)


def test_a_head_that_is_gone_is_followed_for_ever_or_looks_well(here: Path, pod: Path) -> None:
    behave(data(pod), Behaviour(step_s=0.5))
    assert run(*LAUNCH, "--yes", "--detach").exit_code == ExitCode.OK
    (pod / "no-pod").touch()
    (pod / "state").write_text("recipe-sweep=Failed")
    lost = run(*LAUNCH)
    assert lost.exit_code == ExitCode.FAILURE, lost.output
    assert "its results could not be brought here" in lost.output
    assert run("cancel", "little.yaml").exit_code == ExitCode.FAILURE
    (pod / "no-pod").unlink()
    run("cluster", "down", "k.yaml")
    wait_until(lambda: ask_to_end(pod))


def ask_to_end(pod: Path) -> bool:
    """End the launch that the folder cannot end, because it is no pod."""
    behave(data(pod), Behaviour())
    return (pod / "opt/recipe-sweep/launch.exit").exists()


def test_a_file_without_a_way_is_started(here: Path, pod: Path) -> None:
    (here / "k.yaml").write_text(CLUSTER.replace("travel: ray\n", ""))
    before = contents(here)
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT
    assert "travel: ray" in result.stderr
    assert contents(here) == before
    assert not (pod / "calls").exists()
