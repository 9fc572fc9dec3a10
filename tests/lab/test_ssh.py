"""Machines that share nothing, opened with real ssh: `cluster up` from this host, and nothing of it stays after `down`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from recipe_sweep.cluster.host_processes import VARIABLE
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.clusters.jobs import bring_up, prepare
from recipe_sweep.sweep.clusters.machines import load_cluster
from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done
from tests.lab.comparison import compare_sweeps
from tests.lab.conftest import MakeLab
from tests.lab.machines import DISK, Lab
from tests.lab.patience import progress_of, wait_while_moving
from tests.lab.test_sweeps import PACKING, RUNS, WHAT, calm

__all__ = ["calm"]

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

PATIENCE_S = 500.0
DIRECTORY = DISK / "sweeping"
SWEEP = Path(str(WHAT["name"]))


def describe(lab: Lab, key: Path, folder: Path, **changes: object) -> Path:
    """Write a cluster file of these machines, with the Python of this checkout and what is installed there."""
    hosts = [{"host": lab.address(machine), "cpus": 1, "memory_gb": 4} for machine in lab.machines]
    content = {
        "backend": "ssh",
        "user": "root",
        "key": str(key),
        "hosts": hosts,
        "directory": str(DIRECTORY),
        "hours": 1,
        "python": sys.executable,
        "packages": "given",
        "checkpoint_minutes": 0.005,
    }
    folder.mkdir(exist_ok=True)
    (folder / "lab.yaml").write_text(yaml.safe_dump(content | PACKING | changes))
    return folder / "lab.yaml"


def test_a_sweep_on_given_hosts_is_lost_by_down_or_differs_from_one_of_a_single_machine(
    make_lab: MakeLab, calm: Path, tmp_path: Path
) -> None:
    lab = make_lab(3, disks=True, ssh=True)
    here = describe(lab, lab.start_ssh(), tmp_path / "here").parent
    (here / "grid.yaml").write_text(yaml.safe_dump(WHAT))
    sweep = SweepPaths(lab.disk(1) / "sweeping" / "sweeps" / SWEEP)

    def command(*words: str) -> str:
        program = Path(sys.executable).with_name("recipe-sweep")
        done = subprocess.run([program, "cluster", *words], cwd=here, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def progress() -> object:
        return progress_of(sweep)

    command("up", "lab.yaml", "--grid", "grid.yaml")
    wait_while_moving(lambda: any(300 < each.step < 1200 for each in read_all_progress(sweep.progress)), progress)
    assert "grid.yaml" not in lab.run(2, "ls", DIRECTORY)
    token = lab.run(1, "stat", "-c", "%a %s", DIRECTORY / "clusters/recipe-sweep/token")
    assert token.split() == ["600", "64"]
    ask = [sys.executable, "-m", "ray.scripts.scripts", "status", f"--address={lab.address(1)}:6379"]
    assert "Autoscaler status" not in lab.run(2, *ask, check=False), "Ray answers who has no token"
    command("down", "lab.yaml")
    assert [_left(lab, machine) for machine in lab.machines] == ["", "", ""]
    assert lab.get(1, "ray_bootstrap_key.pem") is None
    done_before = len(read_done(sweep).file_of)
    assert done_before < RUNS
    assert not list(sweep.failures.glob("*/*.json"))

    command("up", "lab.yaml", "--grid", "grid.yaml")
    wait_while_moving(lambda: lab.get(1, DIRECTORY / "clusters/recipe-sweep/ended") is not None, progress)
    assert "the launch has ended with exit code 0" in command("status", "lab.yaml")
    command("down", "lab.yaml")
    assert [_left(lab, machine) for machine in lab.machines] == ["", "", ""]
    assert compare_sweeps(sweep.root, calm) == []
    assert len(read_done(sweep).file_of) == RUNS
    hosts = {attempt.process.host for pack in sweep.attempts.iterdir() for attempt in read_attempts(sweep, pack.name)}
    assert len(hosts) > 1, "no pack went to another host"


def test_a_host_that_cannot_be_used_is_found_out_after_something_was_started(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(2, ssh=True)
    key = lab.start_ssh()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    assert "refuses this user and key" in _refusal(describe(lab, tmp_path / "other", tmp_path / "here"))
    assert "no python9" in _refusal(describe(lab, key, tmp_path / "here", python="python9"))
    assert "no Ray in /usr/bin/python3" in _refusal(describe(lab, key, tmp_path / "here", python="/usr/bin/python3"))
    assert "cannot be written" in _refusal(describe(lab, key, tmp_path / "here", directory="/usr/sweeping"))
    lab.run(2, "sh", "-c", "kill $(cat /run/sshd.pid)")
    assert "hosts[1]\n" in (said := _refusal(describe(lab, key, tmp_path / "here")))
    assert "no ssh server answers" in said
    lab.cut_power(2)
    assert "does not answer" in _refusal(describe(lab, key, tmp_path / "here"))
    assert not lab.run(1, "ls", DIRECTORY).split()


def _refusal(path: Path) -> str:
    """What `cluster up` says, before it has written anything."""
    cluster = load_cluster(path)
    scratch = path.parent / "scratch"
    order = prepare(cluster, None, scratch)
    with pytest.raises(UserInputError) as raised:
        bring_up(order, scratch, print)
    assert not order.directory.exists()
    assert not any("Traceback" in str(problem) for problem in raised.value.problems)
    return str(raised.value)


def _left(lab: Lab, machine: int) -> str:
    """Processes of a cluster that are still on a machine: by their mark, and Ray's by their names."""
    marked = f"grep -lz '^{VARIABLE}=' /proc/[0-9]*/environ"
    named = "grep -laE '[r]aylet|[g]cs_server|[r]ay::|[r]ay_engine' /proc/[0-9]*/cmdline"
    found = lab.run(machine, "sh", "-c", f"{{ {marked}; {named}; }} 2>/dev/null", check=False).splitlines()
    return " ".join(each for each in found if not each.startswith("/proc/self"))
