"""Prints the output of `recipe-sweep cluster`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.clusters.jobs import Order
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.clusters.up_file import ClusterRecord
from recipe_sweep.sweep.units import memory


def cluster_lines(cluster: Cluster) -> Iterator[str]:
    """Describe the machines of a cluster file."""
    resources = cluster.resources
    gpus = f", {counted(resources.gpus, 'GPU')}" if resources.gpus else ""
    yield f"{cluster.path}: {cluster.backend.name}, {counted(resources.cpus, 'CPU')}{gpus} for packs"
    share = f" and {resources.gpu_per_pack:g} GPU" if resources.gpu_per_pack else ""
    room = "" if resources.bytes_per_pack is None else f", at most {memory(resources.bytes_per_pack)} each"
    yield f"packs    {resources.slots} at a time, {resources.cpus_per_pack} CPU{share} each{room}; device {resources.device}"
    cost, budget = cluster.backend.cost(), cluster.backend.budget()
    if cost.spending is not None:
        yield f"cost     {cost.text}"
    if budget is not None:
        yield f"budget   {budget}"
    if (loss := cluster.backend.loss()) is not None:
        yield f"loss     {loss}"


def order_lines(order: Order) -> Iterator[str]:
    """List the files that `up` would write and the commands that it would run."""
    yield from cluster_lines(order.cluster)
    if order.wheel is not None:
        yield f"code     {order.wheel.name}, sha256 {order.wheel.sha256}"
    for file in order.files:
        yield f"\n--- {order.directory / file.name}"
        yield f"({len(file.text):,} characters: the wheel)" if file.bulky else file.text.rstrip("\n")
    yield ""
    for command in order.commands:
        yield f"$ {pasted(*command)}"


def record_lines(cluster: Cluster, record: ClusterRecord, now: datetime | None = None) -> Iterator[str]:
    """Say since when a cluster is up, until when it may be, and what it has cost at most."""
    hours = ((now or datetime.now(UTC)) - record.began_at).total_seconds() / 3600
    job = f", job {record.job}" if record.job else ""
    yield f"up       since {record.began_at:%Y-%m-%d %H:%M} UTC, {hours:.1f} hours{job}"
    if record.ends_at is not None:
        yield f"ends     at {record.ends_at:%Y-%m-%d %H:%M} UTC at the latest"
    spending = cluster.backend.cost().spending
    if spending is not None:
        spent = hours * spending.most_per_hour
        yield f"cost     at most ${spent:.2f} of ${spending.budget_usd:g} so far; {spending.source}"
    yield f"code     sha256 {record.wheel_sha256}"
