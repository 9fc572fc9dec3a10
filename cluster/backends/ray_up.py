"""Uses a `ray up` file that somebody wrote by hand.

The file is not changed. It is checked against Ray's own schema, and its machines are counted for the plan.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from recipe_sweep.cluster.aws_account import check_aws_account
from recipe_sweep.cluster.backends import ray_up_commands
from recipe_sweep.cluster.backends.base import Command, Cost, ForeignBackend, Mistake, Start, Started, sample
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.nodes import Node, resources_of
from recipe_sweep.cluster.prices import price_table
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import ClusterFile
from recipe_sweep.cluster.shipment import Cargo

MARKS = frozenset({"cluster_name", "provider"})
"""Keys that identify such a file: Ray requires both, and our own files have neither."""


@dataclass(frozen=True)
class NodeType:
    """One kind of worker in such a file, and the largest number of them."""

    name: str
    node: Node
    most: int


class RayUpBackend(ForeignBackend):
    """Machines that a file for `ray up` describes. This package does not know what is installed there."""

    name = "ray up"
    key = "cluster_name"
    tools = ("ray",)

    @classmethod
    def example(cls) -> str:
        return sample("ray-up")

    @classmethod
    def recognises(cls, content: Mapping[str, object]) -> bool:
        """Say whether a file has one of Ray's two keys and does not name a backend of ours."""
        return "backend" not in content and not MARKS.isdisjoint(content)

    @classmethod
    def mistakes(cls, content: Mapping[str, object]) -> tuple[Mistake, ...]:
        """List everything that Ray's own schema refuses, in the order of the file's keys."""
        from jsonschema import Draft7Validator

        errors = Draft7Validator(_ray_schema()).iter_errors(content)
        return tuple(_mistake(error) for error in sorted(errors, key=lambda error: [str(step) for step in error.absolute_path]))

    @property
    def described(self) -> str:
        return "a file for `ray up`"

    def resources(self) -> Resources:
        return _resources(self.file.content)

    def cost(self) -> Cost:
        return Cost(None, "a file for `ray up` states no prices, and not how long its machines live")

    def check_grid(self, given: bool) -> None:
        if given:
            found = f"--grid beside {self.described}"
            raise ClusterError(self.key, found, "no --grid, because recipe-sweep does not know what is installed on its head")

    def check_account(self) -> None:
        provider = self.file.content.get("provider")
        if isinstance(provider, Mapping) and provider.get("type") == "aws":
            check_aws_account()

    def up(self, cargo: Cargo | None, now: datetime) -> Start:
        return Start((), (ray_up_commands.up(self._path),))

    def status(self, started: Started) -> Command:
        return ray_up_commands.status(self._path)

    def down(self, started: Started) -> tuple[Command, ...]:
        return (ray_up_commands.down(self._path),)

    def way_there(self, up: str, up_with_grid: str) -> str:
        return (
            f"`{up}`; then launch on its head, where this package has to be installed, with a "
            "cluster file of `backend: ray`, `address: auto`"
        )

    @property
    def _path(self) -> Path:
        return self.file.path.resolve()


def _resources(content: Mapping[str, object]) -> Resources:
    """Compute the resources of the workers that the file may start.

    Each pack has one CPU, and a quarter of a GPU if there are GPUs.

    The file must have passed `mistakes`. Raises ClusterError if it does not say what its workers have.
    """
    types = _worker_types(content)
    left = content.get("max_workers", 2)
    assert isinstance(left, int)
    nodes: list[Node] = []
    for kind in sorted(types, key=lambda kind: (kind.node.gpus, kind.node.cpus), reverse=True):
        taken = min(kind.most, left)
        left -= taken
        nodes += [kind.node] * taken
    if any(node.gpus for node in nodes):
        nodes = [node for node in nodes if node.gpus]  # packs ask for a part of a GPU, so machines without a GPU get no packs
    if not nodes:
        raise ClusterError("max_workers", "no worker", "at least one", "the head is not counted, packs are trained by workers")
    return resources_of(ClusterFile(), nodes, address="auto")


def _worker_types(content: Mapping[str, Any]) -> list[NodeType]:
    types, head = content.get("available_node_types"), content.get("head_node_type")
    if not types:
        raise ClusterError("available_node_types", "nothing", "the kinds of its machines", "a plan counts what workers have")
    return [
        NodeType(name, _node(name, kind), kind.get("max_workers", content.get("max_workers", 2)))
        for name, kind in types.items()
        if name != head
    ]


def _node(name: str, kind: Mapping[str, Any]) -> Node:
    """Return what a node type has: as its resources state, or else as the price table knows its instance type."""
    known = price_table().instances.get(str(kind["node_config"].get("InstanceType")))
    stated = kind["resources"]
    if "CPU" not in stated and known is None:
        raise ClusterError(
            f"available_node_types.{name}.resources",
            "no CPU",
            "CPU (and GPU) stated, or an InstanceType that cluster/prices.yaml knows",
            "Ray detects this itself, but a plan cannot",
        )
    gpus = stated.get("GPU", 0 if known is None else known.gpus)
    cpus = stated.get("CPU", 0 if known is None else known.cpus)
    return Node(cpus, gpus, None if known is None else known.memory_gb, None if known is None else known.gpu_memory_gb)


def _ray_schema() -> Any:
    """Read the schema of the Ray that is installed, without importing Ray."""
    ray = importlib.util.find_spec("ray")
    assert ray is not None
    assert ray.origin is not None
    return json.loads((Path(ray.origin).parent / "autoscaler" / "ray-schema.json").read_text(encoding="utf-8"))


def _mistake(error: Any) -> Mistake:
    """Describe a mistake in our words where they are clearer than the schema's."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        inner = (*path, unknown[0]) if unknown else path
        return Mistake(inner, f"unknown to Ray: {', '.join(map(repr, unknown))}", "keys of Ray's cluster files")
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return Mistake(path, f"no {' and no '.join(missing)}", f"the keys {', '.join(error.validator_value)}")
    if error.validator == "type":
        kinds = {
            "integer": "a whole number",
            "string": "text",
            "object": "a mapping",
            "array": "a list",
            "boolean": "true or false",
        }
        wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return Mistake(path, repr(error.instance)[:80], " or ".join(kinds.get(kind, f"a {kind}") for kind in wanted))
    if error.validator == "minimum":
        return Mistake(path, repr(error.instance), f"at least {error.validator_value}")
    return Mistake(path, repr(error.instance)[:80], str(error.message)[:120])
