"""Writes clusters as JSON, with the content of the lines in `show/cluster.py`."""

from __future__ import annotations

from dataclasses import asdict

from recipe_sweep.cluster.backends.base import Command
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.clusters.up_file import ClusterRecord


def cluster_json(cluster: Cluster) -> str:
    """Write the resources and the cost of a cluster file's machines."""
    return json_text(_facts(cluster))


def state_json(cluster: Cluster, record: ClusterRecord | None, command: Command, answer: str | None) -> str:
    """Write since when a cluster is up, and what the command that asks for its state has answered (None: it did not run)."""
    up = record and {
        "since": record.began_at.isoformat(),
        "ends_at": record.ends_at and record.ends_at.isoformat(),
        "wheel_sha256": record.wheel_sha256,
        "job": record.job,
    }
    return json_text(_facts(cluster) | {"up": up, "command": list(command), "answer": answer})


def _facts(cluster: Cluster) -> dict[str, object]:
    cost = cluster.backend.cost()
    return {
        "file": str(cluster.path),
        "backend": cluster.backend.name,
        "resources": asdict(cluster.resources),
        "cost": cost.spending and {"text": cost.text, **asdict(cost.spending)},
        "budget": cluster.backend.budget(),
        "loss": cluster.backend.loss(),
    }
