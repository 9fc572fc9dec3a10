"""Sweeps on machines that share a folder and nothing else: trained everywhere, and once, though a machine loses its power."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from recipe_sweep.sweep.files.attempt_file import Attempt, read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done
from tests.lab.comparison import compare_sweeps
from tests.lab.conftest import MakeLab
from tests.lab.machines import SHARED, Lab
from tests.sweep.interface.conftest import GRID
from tests.sweep.processes import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

AXES = {**GRID["axes"], "seed": [0, 1, 2, 3, 4, 5]}  # type: ignore[dict-item]
SETTINGS = {**GRID["settings"], "hidden": [16, 16], "lr": 1e-3, "steps": 1500, "eval_every": 300}  # type: ignore[dict-item]
WHAT = GRID | {"axes": AXES, "settings": SETTINGS}
RUNS = 12
PACKING: dict[str, object] = {"max_lanes": 2, "threads": 1}
LAUNCH = ("recipe-sweep", "launch", "grid.yaml", "--no-mlflow", "--data", "data")
ON_MACHINES = ("--cluster", "machines.yaml", "--dir", "sweep")
PATIENCE_S = 400.0


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undisturbed sweep, trained on this host in one process."""
    here = tmp_path_factory.mktemp("calm")
    (here / "grid.yaml").write_text(yaml.safe_dump(WHAT))
    (here / "alone.yaml").write_text(yaml.safe_dump({"backend": "inline"} | PACKING))
    subprocess.run(
        [Path(sys.executable).with_name(LAUNCH[0]), *LAUNCH[1:], "--cluster", "alone.yaml", "--dir", "calm"],
        cwd=here,
        check=True,
        capture_output=True,
    )
    return here / "calm"


@pytest.fixture
def lab(make_lab: MakeLab, calm: Path) -> Lab:
    """Three machines with a shared folder, a Ray, the grid and the cluster file."""
    lab = make_lab(3, shared=True)
    machines = {"backend": "ray", "address": lab.ray_address, "slots": 3, "checkpoint_minutes": 0.005} | PACKING
    lab.put(1, SHARED / "grid.yaml", yaml.safe_dump(WHAT))
    lab.put(1, SHARED / "machines.yaml", yaml.safe_dump(machines))
    lab.start_ray()
    return lab


def test_a_sweep_is_trained_on_all_machines_and_equals_one_of_a_single_machine(lab: Lab, calm: Path) -> None:
    lab.run(1, *LAUNCH, *ON_MACHINES, directory=SHARED, timeout_s=PATIENCE_S)
    sweep = _sweep(lab)
    assert compare_sweeps(sweep.root, calm) == []
    assert len(read_done(sweep).file_of) == RUNS
    assert {attempt.process.host for attempt in _attempts(sweep)} == {"lab1", "lab2", "lab3"}


def test_a_power_cut_of_a_worker_loses_no_run_and_doubles_none(lab: Lab, calm: Path) -> None:
    sweep = _sweep(lab)
    process = lab.popen(1, *LAUNCH, *ON_MACHINES, directory=SHARED)
    wait_until(lambda: _under_way(sweep, "lab2") or process.poll() is not None)
    lab.cut_power(2)
    printed = process.communicate(timeout=PATIENCE_S)[0].decode(errors="replace")
    assert process.returncode == 0, printed
    assert compare_sweeps(sweep.root, calm) == []
    assert len(read_done(sweep).file_of) == RUNS
    assert not list(sweep.failures.glob("*/*.json")), "a power cut was counted as a failure"
    again = {attempt.pack_id for attempt in _attempts(sweep) if attempt.number > 1}
    assert again >= {
        attempt.pack_id for attempt in _attempts(sweep) if attempt.process.host == "lab2" and attempt.ended_at is None
    }
    assert again


def test_runs_are_given_up_on_machines_that_see_the_sweep_and_not_its_dataset(lab: Lab, calm: Path) -> None:
    """The home-made dataset is in the HOME of machine 1, and travels from there."""
    launch = (*LAUNCH[:-1], "/root/data", *ON_MACHINES)
    printed = lab.run(1, *launch, directory=SHARED, timeout_s=PATIENCE_S)
    sweep = _sweep(lab)
    assert "lab2, lab3 do not see sweep or its datasets: packs travel through Ray to lab1" in printed
    assert compare_sweeps(sweep.root, calm) == []
    assert {attempt.process.host for attempt in _attempts(sweep)} == {"lab1", "lab2", "lab3"}


def test_a_file_that_forbids_packs_to_travel_gives_runs_up_where_data_are_absent(lab: Lab) -> None:
    machines = {"backend": "ray", "address": lab.ray_address, "slots": 3, "travel": "folder"} | PACKING
    lab.put(1, SHARED / "machines.yaml", yaml.safe_dump(machines))
    printed = lab.run(1, *LAUNCH[:-1], "/root/data", *ON_MACHINES, directory=SHARED, check=False)
    assert "a machine does not see /mnt/sweep or the datasets in /root/data" in printed
    assert "write `travel: auto` into the cluster file" in printed
    assert not list(_sweep(lab).failures.glob("*/*.json"))


def _sweep(lab: Lab) -> SweepPaths:
    """The sweep in the shared folder, as this host sees it."""
    assert lab.shared is not None
    return SweepPaths(lab.shared / "sweep")


def _attempts(sweep: SweepPaths) -> list[Attempt]:
    packs = sweep.attempts.iterdir() if sweep.attempts.exists() else ()
    return [attempt for pack in packs for attempt in read_attempts(sweep, pack.name)]


def _under_way(sweep: SweepPaths, host: str) -> bool:
    """Whether a pack on this machine is past its first checkpoint and not yet done."""
    there = {attempt.pack_id for attempt in _attempts(sweep) if attempt.process.host == host and attempt.ended_at is None}
    return any(300 < progress.step < 1200 and progress.pack_id in there for progress in read_all_progress(sweep.progress))
