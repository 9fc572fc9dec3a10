"""The keys of a cluster file for Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.resources import Way
from recipe_sweep.cluster.schema import (
    AUTO,
    STAGE_DATA,
    AutoGigabytes,
    BucketFolder,
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
    claim: Name | None = None
    """A volume that all pods see."""
    head_claim: Name | None = None
    """A volume of the head alone."""
    store: BucketFolder | None = None
    secret: Name | None = None
    """A Secret of Kubernetes. Its keys become environment variables of every pod."""
    workers: Machines
    cpus_per_worker: Cpus
    gpus_per_worker: Gpus = 0
    gpu_memory_gb: AutoGigabytes = None
    memory_gb_per_worker: Gigabytes
    hours: Hours
    node_selector: Mapping[Word, Word] = {}
    stage_data: PathOrNever = STAGE_DATA
    tolerations: tuple[Word, ...] = ()

    @property
    def way(self) -> Way | None:
        """How files of packs travel. Without a claim that all pods see, they share nothing."""
        if self.travel != AUTO:
            return Way(self.travel)
        return Way.STORE if self.claim is None and self.store is not None else None

    def loss(self) -> str:
        """Say in one sentence what a lost head costs."""
        volume = self.claim or self.head_claim
        if volume is not None:
            return f"nothing that is on the claim {volume}, where the sweep is"
        if self.store is not None:
            return f"what is not in {self.store} yet: at most the last seconds"
        return "all that was not brought here yet, and every checkpoint: `head_claim` or `store` keep them"

    def contradictions(self) -> Iterator[ClusterError]:
        """Yield what is wrong with keys that are right alone."""
        if self.claim is not None and self.head_claim is not None:
            yield ClusterError("head_claim", f"{self.head_claim}, beside claim: {self.claim}", "one of the two", _ONE_CLAIM)
        if self.claim is None and self.way is Way.FOLDER:
            yield ClusterError("travel", "folder, without a claim", "a claim that all pods may write", _WAYS)
        if self.claim is None and self.travel == AUTO and self.store is None:
            yield ClusterError("claim", "no way for files of packs: neither a claim nor a store", _ONE_WAY, _WAYS)
        if self.store is None and self.way is Way.STORE:
            yield ClusterError("travel", "store, without a store", "store: s3://BUCKET/PATH", _WAYS)


_ONE_CLAIM = "remove head_claim, because the head sees `claim` as every pod does"
_ONE_WAY = "claim: NAME, store: s3://BUCKET/PATH or travel: ray"
_WAYS = "`travel: ray` needs nothing else; then results are on the head alone until they are brought here"
