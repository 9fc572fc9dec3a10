"""The keys of a cluster file for Slurm."""

from __future__ import annotations

from typing import Annotated, Literal

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
    whole,
)


class SlurmFile(ClusterFile):
    """A batch job of Slurm. `slurm.yaml` explains each key."""

    backend: Literal["slurm"]
    name: Name = "recipe-sweep"
    mode: Literal["job", "array"] = "job"
    directory: AbsolutePath
    nodes: Machines
    cpus_per_node: Cpus
    gpus_per_node: Gpus = 0
    gpu_memory_gb: AutoGigabytes = None
    memory_gb_per_node: Gigabytes
    hours: Hours
    requeues: Annotated[int, whole(0, 1_000)] = 3
    partition: Word | None = None
    account: Word | None = None
    setup: tuple[Line, ...] = ()
    python: Word = "python3"
    packages: Literal["install", "given"] = "install"
    stage_data: PathOrNever = STAGE_DATA

    @property
    def is_array(self) -> bool:
        """Whether the job is an array of elements without Ray."""
        return self.mode == "array"

    @property
    def longest_hours(self) -> float:
        """How long the job may run in all. An element that reaches its time limit goes back into the queue."""
        return self.hours * (1 + self.requeues) if self.is_array else self.hours
