"""Kubernetes through KubeRay: a job that lives for one grid."""

from __future__ import annotations

from datetime import datetime, timedelta

from recipe_sweep.cluster.backends.base import Command, Cost, Start, Started, StartingBackend, sample
from recipe_sweep.cluster.backends.kubernetes_file import KubernetesFile
from recipe_sweep.cluster.backends.kubernetes_manifest import CODE_NAME, JOB_NAME, LABEL, manifest_files
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.probe import Probe
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.shipment import Cargo, there_text


class KubernetesBackend(StartingBackend[KubernetesFile]):
    """A RayJob of KubeRay. It starts a Ray cluster, trains one grid on it, and ends."""

    name = "kubernetes"
    schema = KubernetesFile
    needs_grid = True
    tools = ("kubectl",)

    @classmethod
    def example(cls) -> str:
        return sample("kubernetes")

    def resources(self) -> Resources:
        """Count what all workers hold, because the head trains nothing. Raises ClusterError if no pack fits on a worker."""
        file = self.file
        node = Node(file.cpus_per_worker, file.gpus_per_worker, file.memory_gb_per_worker, file.gpu_memory_gb)
        return resources_of(file, [node] * file.workers)

    def cost(self) -> Cost:
        return Cost(None, "Kubernetes knows no prices; the file limits the hours of workers")

    def budget(self) -> str:
        workers = "1 worker" if self.file.workers == 1 else f"{self.file.workers:,} workers"
        return f"at most {self.file.hours:g} hours of {workers}"

    def probes(self) -> tuple[Probe, ...]:
        """Ask for KubeRay, for the volume claim, and for the right to create jobs."""
        where = ("--namespace", self.file.namespace)
        may = ("kubectl", "auth", "can-i", "create", "rayjobs.ray.io", *where)
        claim = ("kubectl", "get", "persistentvolumeclaim", self.file.claim, "--output", "name", *where)
        return (
            Probe(("kubectl", "get", "crd", "rayjobs.ray.io", "--output", "name"), "KubeRay", "install KubeRay 1.1 or newer"),
            Probe(claim, f"claim {self.file.claim}", "create a volume claim that many pods may write"),
            Probe(may, "the right to create a RayJob", "ask for a role that allows it", lambda said: said.strip() == "yes"),
        )

    def budget_hours(self) -> float:
        return self.file.hours

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide on the job and its code.

        The command is `kubectl create`. `kubectl apply` would copy the code into an annotation, which is too small.
        """
        assert cargo is not None
        create = ("kubectl", "create", "-f", str(cargo.directory / CODE_NAME), "-f", str(cargo.directory / JOB_NAME))
        files = manifest_files(self.file, cargo, there_text(self.resources(), self.notice()))
        return Start(files, (create,), now + timedelta(hours=self.file.hours))

    def status(self, started: Started) -> Command:
        return ("kubectl", "get", "rayjob,pod", *self._ours())

    def down(self, started: Started) -> tuple[Command, ...]:
        """Return the command that ends the job and removes its code."""
        return (("kubectl", "delete", "rayjob,configmap", *self._ours()),)

    def _ours(self) -> Command:
        return ("--namespace", self.file.namespace, "--selector", f"{LABEL}={self.file.name}")
