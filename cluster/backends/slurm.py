"""A job of Slurm: one script for `sbatch`, with `ray symmetric-run` inside it."""

from __future__ import annotations

import math
import shlex
from datetime import datetime
from pathlib import Path
from typing import Literal

from recipe_sweep.cluster.backends.base import Command, Cost, Start, Started, StartingBackend, sample
from recipe_sweep.cluster.backends.reach import Here, Reach, There, remembering_exit
from recipe_sweep.cluster.errors import NoJobError
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.probe import Probe
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import (
    STAGE_DATA,
    AbsolutePath,
    AutoGigabytes,
    ClusterFile,
    Cpus,
    Gigabytes,
    Gpus,
    Hours,
    Line,
    Machines,
    Name,
    PathOrNever,
    Word,
)
from recipe_sweep.cluster.shipment import Cargo, TextFile, launch_words, there_text

SCRIPT_NAME = "job.sh"


class SlurmFile(ClusterFile):
    """One job of Slurm with Ray inside it. `slurm.yaml` explains each key."""

    backend: Literal["slurm"]
    name: Name = "recipe-sweep"
    directory: AbsolutePath
    nodes: Machines
    cpus_per_node: Cpus
    gpus_per_node: Gpus = 0
    gpu_memory_gb: AutoGigabytes = None
    memory_gb_per_node: Gigabytes
    hours: Hours
    partition: Word | None = None
    account: Word | None = None
    setup: tuple[Line, ...] = ()
    stage_data: PathOrNever = STAGE_DATA


class SlurmBackend(StartingBackend[SlurmFile]):
    """One job of Slurm, which lives for one grid."""

    name = "slurm"
    schema = SlurmFile
    needs_grid = True
    tools = ("sbatch", "squeue", "scancel")

    @classmethod
    def example(cls) -> str:
        return sample("slurm")

    def resources(self) -> Resources:
        file = self.file
        node = Node(file.cpus_per_node, file.gpus_per_node, file.memory_gb_per_node, file.gpu_memory_gb)
        return resources_of(file, [node] * file.nodes)

    def cost(self) -> Cost:
        return Cost(None, "Slurm has no prices in dollars; the file limits node-hours")

    def budget(self) -> str:
        file = self.file
        nodes = "1 node" if file.nodes == 1 else f"{file.nodes:,} nodes"
        return f"at most {file.nodes * file.hours:g} node-hours: {nodes} for {file.hours:g} hours"

    def probes(self) -> tuple[Probe, ...]:
        """Ask for the partition and its nodes. Python on the nodes is only known to a job."""
        part = ("--partition", self.file.partition) if self.file.partition else ()
        subject = f"partition {self.file.partition}" if self.file.partition else "partitions"
        ask = ("sinfo", "--noheader", *part, "--format", "%R is %a, %D nodes of %c CPUs and %m MB")
        return (
            Probe(
                ask, subject, "name a partition that `sinfo` lists, and look whether it is up", lambda said: " is up," in said
            ),
        )

    def shared_folder(self) -> Path:
        return Path(self.file.directory)

    def budget_hours(self) -> float:
        return self.file.hours

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide on the job's script and the files that it reads. They must be where every node can read them."""
        assert cargo is not None
        assert cargo.grid_text is not None
        files = (
            TextFile(SCRIPT_NAME, _script(self.file, cargo)),
            TextFile(cargo.cluster_file.name, there_text(self.resources(), self.notice())),
            TextFile(cargo.grid_file.name, cargo.grid_text),
        )
        return Start(files, (("sbatch", "--parsable", str(cargo.directory / SCRIPT_NAME)),), job_of=_job_of)

    def status(self, started: Started) -> Command:
        if started.job is None:
            raise NoJobError("a job of Slurm")
        return ("squeue", "--jobs", started.job)

    def reach(self, started: Started, sweep: str) -> Reach:
        return Here(There(f"{self.file.directory}/sweeps/{sweep}", str(started.directory)))

    def down(self, started: Started) -> tuple[Command, ...]:
        """Return the command that cancels the job. With `--quiet` a job that has already ended is no error."""
        return () if started.job is None else (("scancel", "--quiet", started.job),)


def _job_of(printed: str) -> str:
    """Read the number in "4711", or in "4711;name" if Slurm has several clusters."""
    return printed.strip().partition(";")[0]


def _script(file: SlurmFile, cargo: Cargo) -> str:
    directory, wheel = file.directory, cargo.wheel
    package, kind = (str(wheel.path), "") if file.notify is None else (f"{wheel.path}[notify]", "-notify")
    launch = launch_words(str(cargo.grid_file), str(cargo.cluster_file), f"{directory}/data", cargo.options)
    options = [
        f"--job-name={file.name}",
        f"--nodes={file.nodes}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={file.cpus_per_node}",
        f"--mem={file.memory_gb_per_node}G",
        *([f"--gpus-per-node={file.gpus_per_node}"] if file.gpus_per_node else []),
        f"--time={math.ceil(file.hours * 60)}",
        *([f"--partition={file.partition}"] if file.partition else []),
        *([f"--account={file.account}"] if file.account else []),
        f"--chdir={directory}",
        f"--output={directory}/{file.name}-%j.log",
        "--exclusive",
        "--requeue",
    ]
    return "\n".join(
        [
            "#!/bin/bash",
            "# Generated by recipe-sweep for `sbatch`. Change the cluster file instead: a change here is lost.",
            f"# code     {wheel.name}, sha256 {wheel.sha256}",
            f"# budget   at most {file.nodes * file.hours:g} node-hours",
            "# --exclusive: symmetric-run refuses a node on which anybody's Ray is running.",
            "# --requeue: a launch that starts again continues from its checkpoints.",
            *(f"#SBATCH {option}" for option in options),
            "",
            "set -euo pipefail",
            *file.setup,
            "",
            "# Install exactly the code that was sent, in its own environment.",
            f"cd {shlex.quote(str(wheel.path.parent))}",
            f"echo {shlex.quote(wheel.check)} | sha256sum --check",
            f"environment={directory}/environments/{wheel.sha256[:12]}{kind}",
            'if [ ! -e "$environment/ready" ]; then',
            '  python3 -m venv "$environment"',
            f'  "$environment/bin/pip" install --quiet {shlex.quote(package)}',
            '  touch "$environment/ready"',
            "fi",
            'export PATH="$environment/bin:$PATH"',
            "",
            f"cd {directory}",
            "export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=300 RAY_USAGE_STATS_ENABLED=0",
            'nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")',
            "head=${nodes%%$'\\n'*}",
            "port=$((20000 + SLURM_JOB_ID % 10000))",
            f'srun --nodes={file.nodes} --ntasks={file.nodes} ray symmetric-run --address "$head:$port" \\',
            f"  --min-nodes {file.nodes} --num-cpus={file.cpus_per_node} --num-gpus={file.gpus_per_node} -- \\",
            f"  sh -c {shlex.quote(remembering_exit(shlex.join(launch), str(cargo.directory)))}",
            "",
        ]
    )
