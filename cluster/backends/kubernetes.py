"""Kubernetes through KubeRay: a job that lives for one grid."""

from __future__ import annotations

from datetime import datetime, timedelta

from recipe_sweep.cluster.backends.base import Command, Cost, Start, Started, StartingBackend, sample
from recipe_sweep.cluster.backends.kubernetes_file import KubernetesFile
from recipe_sweep.cluster.backends.kubernetes_manifest import (
    BEGIN_FILE,
    CODE,
    CODE_NAME,
    JOB_NAME,
    LABEL,
    PROGRAM,
    SHARED,
    manifest_files,
)
from recipe_sweep.cluster.backends.kubernetes_reach import ByPod
from recipe_sweep.cluster.backends.reach import There
from recipe_sweep.cluster.errors import ClusterError
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

    def contradictions(self) -> tuple[ClusterError, ...]:
        return tuple(self.file.contradictions())

    def loss(self) -> str:
        return f"a lost head costs {self.file.loss()}"

    def probes(self) -> tuple[Probe, ...]:
        """Ask whether KubeRay and what the file names are there, and whether one may create jobs and follow them."""
        file = self.file
        found = [
            Probe(("kubectl", "get", "crd", "rayjobs.ray.io", "--output", "name"), "KubeRay", "install KubeRay 1.1 or newer")
        ]
        named = (
            ("persistentvolumeclaim", "claim", file.claim, "create a volume claim that many pods may write"),
            ("persistentvolumeclaim", "claim", file.head_claim, "create a volume claim for the head"),
            ("secret", "secret", file.secret, "create the Secret with the environment variables that the pods need"),
        )
        for kind, word, name, remedy in named:
            if name is not None:  # Only the name is asked for, because a secret's content is nobody's here.
                found.append(Probe(self._kubectl("get", kind, name, "--output", "name"), f"{word} {name}", remedy))
        rights = (
            ("create", "rayjobs.ray.io", "the right to create a RayJob"),
            ("create", "pods/exec", "the right to work in a pod, by which a launch is followed"),
        )
        for verb, what, subject in rights:
            asked = self._kubectl("auth", "can-i", verb, what)
            found.append(Probe(asked, subject, "ask for a role that allows it", lambda said: said.strip() == "yes"))
        return tuple(found)

    def budget_hours(self) -> float:
        return self.file.hours

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        """Decide on the job and its code.

        The first command is `kubectl create`. `kubectl apply` would copy the code into an annotation, which is too small. The
        second one waits for the head, and tells the launch to begin.
        """
        assert cargo is not None
        create = ("kubectl", "create", "-f", str(cargo.directory / CODE_NAME), "-f", str(cargo.directory / JOB_NAME))
        files = manifest_files(self.file, cargo, there_text(self.resources(), self.notice()))
        begin = self._way("").run_in_time(f"touch {CODE}/{BEGIN_FILE}")
        return Start(files, (create, begin), now + timedelta(hours=self.file.hours))

    def status(self, started: Started) -> Command:
        return ("kubectl", "get", "rayjob,pod", *self._ours())

    def down(self, started: Started) -> tuple[Command, ...]:
        """Return the command that ends the job and removes its code."""
        return (("kubectl", "delete", "rayjob,configmap", *self._ours()),)

    def reach(self, started: Started, sweep: str) -> ByPod:
        return self._way(sweep)

    def _way(self, sweep: str) -> ByPod:
        there = There(f"{SHARED}/sweeps/{sweep}", CODE, program=PROGRAM)
        return ByPod(there, self.file.namespace, self.file.name, LABEL)

    def _kubectl(self, *words: str) -> Command:
        return ("kubectl", *words, "--namespace", self.file.namespace)

    def _ours(self) -> Command:
        return ("--namespace", self.file.namespace, "--selector", f"{LABEL}={self.file.name}")
