"""The keys of a cluster file for Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from recipe_sweep.cluster.schema import (
    STAGE_DATA,
    AutoGigabytes,
    ClusterFile,
    Cpus,
    Gigabytes,
    Gpus,
    Hours,
    Machines,
    Name,
    PathOrNever,
    Word,
)


class KubernetesFile(ClusterFile):
    """A RayJob of KubeRay. `kubernetes.yaml` explains each key."""

    backend: Literal["kubernetes"]
    name: Name = "recipe-sweep"
    namespace: Name = "default"
    image: Word
    claim: Name
    workers: Machines
    cpus_per_worker: Cpus
    gpus_per_worker: Gpus = 0
    gpu_memory_gb: AutoGigabytes = None
    memory_gb_per_worker: Gigabytes
    hours: Hours
    node_selector: Mapping[Word, Word] = {}
    stage_data: PathOrNever = STAGE_DATA
    tolerations: tuple[Word, ...] = ()
