"""The machine this process runs on."""

from __future__ import annotations

from cluster.machine import usable_cpus, visible_gpus
from cluster.resources import GPU_SHARE_OF_A_PACK, Resources, slots_on
from cluster.schema import LocalFile


def local_resources(file: LocalFile) -> Resources:
    """Resources of this machine as the file restricts or imagines them. Raises ClusterError where no pack fits."""
    cpus = usable_cpus() if file.cpus is None else file.cpus
    gpus = visible_gpus() if file.gpus is None else file.gpus
    share = (GPU_SHARE_OF_A_PACK if gpus else 0.0) if file.gpu_per_pack is None else file.gpu_per_pack
    return Resources(
        address=None,
        cpus=cpus,
        gpus=gpus,
        cpus_per_pack=file.cpus_per_pack,
        gpu_per_pack=share,
        threads=file.cpus_per_pack if file.threads is None else file.threads,
        slots=slots_on(cpus, gpus, file.cpus_per_pack, share),
        max_lanes=file.max_lanes,
        device=file.device,
        checkpoint_minutes=file.checkpoint_minutes,
        reuse_workers=file.reuse_workers,
    )
