"""Jobs of Slurm: one batch job with Ray inside it, or an array whose elements take packs without Ray."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from recipe_sweep.cluster.backends.base import Command, Cost, Start, Started, StartingBackend, sample
from recipe_sweep.cluster.backends.reach import LOG_FILE, Here, Reach, There
from recipe_sweep.cluster.backends.slurm_file import SlurmFile as SlurmFile
from recipe_sweep.cluster.backends.slurm_script import array_text, job_text
from recipe_sweep.cluster.commands import run
from recipe_sweep.cluster.errors import ClusterError, NoJobError
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.probe import Probe
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.shipment import Cargo, TextFile, there_text

SCRIPT_NAME = "job.sh"
LEFT_EXIT = 130
"""The exit code of a launch that Slurm ended: the same command goes on from the checkpoints."""
_LARGEST_ARRAY = re.compile(r"^MaxArraySize\s*=\s*([0-9]+)", re.MULTILINE)
_ASK_CONFIG = ("scontrol", "show", "config")


class SlurmBackend(StartingBackend[SlurmFile]):
    """A job of Slurm, which lives for one grid."""

    name = "slurm"
    schema = SlurmFile
    needs_grid = True
    tools = ("sbatch", "squeue", "scancel")

    @classmethod
    def example(cls) -> str:
        return sample("slurm")

    def resources(self) -> Resources:
        """Count what the nodes hold. Raises ClusterError if no pack fits, or if elements of an array cannot be of that kind."""
        file = self.file
        if file.is_array:
            file = _as_elements(file)
        node = Node(file.cpus_per_node, file.gpus_per_node, file.memory_gb_per_node, file.gpu_memory_gb)
        return replace(resources_of(file, [node] * file.nodes), taken=file.is_array)

    def cost(self) -> Cost:
        return Cost(None, "Slurm has no prices in dollars; the file limits node-hours")

    def budget(self) -> str:
        file = self.file
        if file.is_array:
            cpus = f"{file.cpus_per_pack} CPU{'' if file.cpus_per_pack == 1 else 's'}"
            again = f", {file.requeues} times more" if file.requeues else ""
            return f"at most {self.resources().slots:,} elements of {cpus} for {file.hours:g} hours{again}"
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

    def check_machines(self, directory: Path) -> tuple[ClusterError, ...]:
        """Ask Slurm how many elements an array may have."""
        if not self.file.is_array:
            return ()
        found, elements = _LARGEST_ARRAY.search(run(_ASK_CONFIG)), self.resources().slots
        if found is None or elements <= int(found[1]):
            return ()
        expected = f"at most {int(found[1]):,}, which is MaxArraySize of this Slurm"
        hint = "lower `nodes`, or raise `cpus_per_pack`: an element is one pack at a time"
        return (ClusterError("nodes", f"{elements:,} elements of an array", expected, hint),)

    def shared_folder(self) -> Path:
        return Path(self.file.directory)

    def budget_hours(self) -> float:
        return self.file.longest_hours

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide on the job's script and the files that it reads. They must be where every node can read them."""
        assert cargo is not None
        assert cargo.grid_text is not None
        resources = self.resources()
        script = array_text(self.file, cargo, resources) if self.file.is_array else job_text(self.file, cargo)
        files = (
            TextFile(SCRIPT_NAME, script),
            TextFile(cargo.cluster_file.name, there_text(resources, self.notice())),
            TextFile(cargo.grid_file.name, cargo.grid_text),
        )
        return Start(files, (("sbatch", "--parsable", str(cargo.directory / SCRIPT_NAME)),), job_of=_job_of)

    def status(self, started: Started) -> Command:
        if started.job is None:
            raise NoJobError("a job of Slurm")
        return ("squeue", "--jobs", started.job)

    def reach(self, started: Started, sweep: str) -> Reach:
        there = There(f"{self.file.directory}/sweeps/{sweep}", str(started.directory))
        return ByQueue(there, started.job, f"{self.file.directory}/{self.file.name}")

    def down(self, started: Started) -> tuple[Command, ...]:
        """Return the command that cancels the job. With `--quiet` a job that has already ended is no error."""
        return () if started.job is None else (("scancel", "--quiet", started.job),)


class ByQueue(Here):
    """The launch is in a job, on a file system that this machine sees. If the job is gone, so is the launch.

    The job's logs begin with `logs`.
    """

    def __init__(self, there: There, job: str | None, logs: str) -> None:
        super().__init__(there)
        self._job, self._logs = job, logs

    def exit_code(self) -> Command:
        """Return the command that prints the launch's exit code. It asks Slurm for the job if there is none."""
        code = f"cat {shlex.quote(f'{self.there.sent}/{self.there.exit_file}')} 2>/dev/null"
        if self._job is None:
            return self.run(f"{code} || true")
        ask = f"squeue --noheader --format=%T --jobs={shlex.quote(self._job)} 2>&1"
        # The job may end between the two questions.
        gone = f"sleep 2; {code} || echo {LEFT_EXIT}"
        return self.run(f'{code} || {{ said=$({ask}) || true; case $said in ""|*"Invalid job id"*) {gone};; esac; }}')

    def log(self) -> Command:
        """Return the command that prints the end of what the launch, or else the job, has printed."""
        logs, job = shlex.quote(self._logs), shlex.quote(self._job or "")
        own = f"tail -n 20 {shlex.quote(f'{self.there.sent}/{LOG_FILE}')} 2>/dev/null"
        return self.run(f"{own} || tail -q -n 20 {logs}-{job}.log {logs}-{job}_*.log 2>/dev/null || true")


def _as_elements(file: SlurmFile) -> SlurmFile:
    """Return a file in which a pack has whole GPUs, because Slurm gives each element its own. Raises ClusterError."""
    if file.travel not in ("auto", "folder"):
        raise ClusterError("travel", file.travel, "auto or folder with mode: array, because its elements see one folder")
    if file.gpu_per_pack is None:
        return file.model_copy(update={"gpu_per_pack": 1.0 if file.gpus_per_node and file.device != "cpu" else 0.0})
    if file.gpu_per_pack != int(file.gpu_per_pack):
        expected = "a whole number of GPUs with mode: array, because Slurm gives each element its own"
        raise ClusterError("gpu_per_pack", f"{file.gpu_per_pack:g}", expected)
    return file


def _job_of(printed: str) -> str:
    """Read the number in "4711", or in "4711;name" if Slurm has several clusters."""
    return printed.strip().partition(";")[0]
