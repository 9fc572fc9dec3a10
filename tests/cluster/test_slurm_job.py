"""The script for `sbatch`, run by bash with Slurm's programs replaced by scripts that note how they were called."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from pathlib import Path

import pytest
from ray.scripts.scripts import start
from ray.scripts.symmetric_run import curate_and_validate_ray_start_args

from recipe_sweep.cluster.backends.slurm import SlurmBackend, SlurmFile
from recipe_sweep.cluster.shipment import Cargo, Wheel
from tests.cluster.golden_files import NOW

PROGRAMS = {
    "scontrol": 'printf "node-a\\nnode-b\\n"',
    "srun": 'printf "%s\\n" "$@" > "$HERE/srun"',
    "python3": 'mkdir -p "$3/bin"; cp "$HERE/bin/pip" "$3/bin/pip"; echo made >> "$HERE/made"',
    "pip": "exit 0",
}


class Job:
    """A job's script in a directory of its own."""

    def __init__(self, here: Path) -> None:
        self.here = here
        self.generated = here / "my files"  # a path with a space in it
        (here / "bin").mkdir()
        self.generated.mkdir()
        for name, script in PROGRAMS.items():
            self.behave(name, script)
        wheel = self.generated / "recipe_sweep-0.1.0-py3-none-any.whl"
        wheel.write_bytes(b"the code")
        self.wheel = Wheel(wheel, hashlib.sha256(b"the code").hexdigest())
        file = SlurmFile(
            backend="slurm", directory=str(here), nodes=2, cpus_per_node=4, gpus_per_node=1, memory_gb_per_node=8, hours=1
        )
        for text in SlurmBackend(file).up(Cargo(self.generated, self.wheel, "name: little\n"), NOW).files:
            (self.generated / text.name).write_text(text.text)

    def behave(self, name: str, script: str) -> None:
        path = self.here / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.here}/bin:/usr/bin:/bin",
            "HERE": str(self.here),
            "SLURM_JOB_ID": "12345",
            "SLURM_JOB_NODELIST": "node-[a-b]",
        }
        script = str(self.generated / "job.sh")
        return subprocess.run(["bash", script], env=environment, cwd="/", capture_output=True, text=True)

    @property
    def srun(self) -> list[str]:
        file = self.here / "srun"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_the_launch_runs_once_inside_ray_on_all_nodes(job: Job) -> None:
    ended = job.run()
    assert ended.returncode == 0, ended.stderr
    around, _, launch = shlex.join(job.srun).partition(" -- ")
    assert around == ("--nodes=2 --ntasks=2 ray symmetric-run --address node-a:22345 --min-nodes 2 --num-cpus=4 --num-gpus=1")
    generated = job.generated
    words = [
        "recipe-sweep", "launch", f"{generated}/grid.yaml", "--cluster", f"{generated}/cluster.yaml",
        "--data", f"{job.here}/data", "--no-mlflow",
    ]  # fmt: skip
    shell, option, script = shlex.split(launch)
    assert (shell, option) == ("sh", "-c")
    assert shlex.join(words) in script.split("; ")


def test_ray_knows_every_option_that_it_is_given(job: Job) -> None:
    job.run()
    words = job.srun[job.srun.index("symmetric-run") + 1 :]
    options = curate_and_validate_ray_start_args(words[: words.index("--")])
    assert options == ["--num-cpus=4", "--num-gpus=1"]
    start.make_context("start", ["--head", *options])


def test_other_code_than_what_was_sent_is_not_run(job: Job) -> None:
    job.wheel.path.write_bytes(b"other code")
    ended = job.run()
    assert ended.returncode != 0
    assert "FAILED" in ended.stdout + ended.stderr
    assert job.srun == []


def test_the_environment_is_made_once_and_again_where_making_it_failed(job: Job) -> None:
    job.behave("pip", "exit 1")
    assert job.run().returncode != 0
    assert job.srun == []
    job.behave("pip", "exit 0")
    assert job.run().returncode == 0
    assert job.run().returncode == 0
    assert (job.here / "made").read_text().split() == ["made", "made"]


def test_a_failed_launch_fails_the_job(job: Job) -> None:
    job.behave("srun", "exit 130")
    assert job.run().returncode == 130
