"""Computes which packs the machines of a cluster hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recipe_sweep.cluster.resources import GPU_SHARE_OF_A_PACK, LARGEST_PACK, Resources, share_of_gpu, share_of_memory, slots_on
from recipe_sweep.cluster.schema import ClusterFile


@dataclass(frozen=True)
class Node:
    """One machine that trains packs. Memory is in GB, and None if it is not known."""

    cpus: int
    gpus: int
    memory_gb: float | None
    gpu_memory_gb: float | None = None


def resources_of(file: ClusterFile, nodes: Sequence[Node], address: str | None = None) -> Resources:
    """Compute the resources of these nodes together. Packs are made for the smallest node.

    Raises ClusterError if a pack fits on none.
    """
    share = (
        (GPU_SHARE_OF_A_PACK if any(node.gpus for node in nodes) else 0.0) if file.gpu_per_pack is None else file.gpu_per_pack
    )
    if file.device == "cpu" and file.gpu_per_pack is None:
        share = 0.0
    slots = [slots_on(node.cpus, node.gpus, file.cpus_per_pack, share) for node in nodes]
    rooms = [_room(file, node, share, fit) for node, fit in zip(nodes, slots, strict=True)]
    known = [room for room in rooms if room is not None]
    return Resources(
        address=address,
        cpus=sum(node.cpus for node in nodes),
        gpus=sum(node.gpus for node in nodes),
        cpus_per_pack=file.cpus_per_pack,
        gpu_per_pack=share,
        threads=file.cpus_per_pack if file.threads is None else file.threads,
        slots=sum(slots),
        max_lanes=LARGEST_PACK if file.max_lanes is None else file.max_lanes,
        bytes_per_pack=min(known) if len(known) == len(rooms) else None,
        device=file.device,
        checkpoint_minutes=file.checkpoint_minutes,
        stuck_after_minutes=file.stuck_after_minutes,
        reuse_workers=file.reuse_workers,
        stage_data=file.stage_data,
        travel=file.way,
    )


def _room(file: ClusterFile, node: Node, gpu_share: float, slots: int) -> int | None:
    """Compute the bytes for a pack.

    They are as stated in the file. If the file states the number of runs instead, there is no bound (None). Otherwise a pack
    has its share of the node's memory.
    """
    if file.gb_per_pack is not None:
        return int(file.gb_per_pack * 1e9)
    if file.max_lanes is not None:
        return None
    if gpu_share:
        return None if node.gpu_memory_gb is None else share_of_gpu(int(node.gpu_memory_gb * 1e9), gpu_share)
    return None if node.memory_gb is None else share_of_memory(int(node.memory_gb * 1e9), slots)
