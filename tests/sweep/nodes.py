"""A Ray cluster of several nodes on this machine, each with a raylet of its own, that lose nodes and are given new ones."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

STORE_BYTES = 80 * 2**20


class Nodes:
    """A head that trains nothing, and workers with a CPU each."""

    def __init__(self) -> None:
        self._cluster = Cluster()

    def start(self, directory: str, workers: int) -> None:
        self._cluster.add_node(num_cpus=0, object_store_memory=STORE_BYTES, temp_dir=directory, include_dashboard=False)
        for _ in range(workers):
            self.add()
        self._cluster.wait_for_nodes()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add(self, **environment: str) -> None:
        """Start one more worker node; its processes have these variables in their environment."""
        self._cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES, env_vars=environment or None)

    def node_of(self, worker: int) -> Any:
        """The node on which this process works."""
        parent = self.raylet_of(worker)
        return next(node for node in self._cluster.worker_nodes if _raylet(node) == parent)

    def raylet_of(self, worker: int) -> int:
        """The process that all of a node come from, by one of its workers."""
        return int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])

    def any_worker_node(self) -> Any:
        return next(iter(self._cluster.worker_nodes))

    def kill(self, node: Any) -> None:
        """kill -9 of everything that makes a node of it."""
        self._cluster.remove_node(node, allow_graceful=False)

    def shutdown(self) -> None:
        self._cluster.shutdown()


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


@contextmanager
def ray_nodes(workers: int = 2) -> Iterator[Nodes]:
    """Nodes that are gone afterwards."""
    directory = tempfile.mkdtemp(prefix="rs-")  # not pytest's: the paths of Ray's sockets may not be long
    with pytest.MonkeyPatch.context() as patch:
        # Which Ray is `auto` on this machine is none of a test's business.
        patch.setattr("ray._private.utils.write_ray_address", lambda *_, **__: None)
        patch.setattr("ray._common.utils.reset_ray_address", lambda *_, **__: None)
        nodes = Nodes()
        try:
            nodes.start(directory, workers)
            yield nodes
        finally:
            nodes.shutdown()
            shutil.rmtree(directory, ignore_errors=True)
