"""A Ray cluster that somebody else started, by its address."""

from __future__ import annotations

from recipe_sweep.cluster.resources import LARGEST_PACK, Resources
from recipe_sweep.cluster.schema import RayFile


def ray_resources(file: RayFile) -> Resources:
    """Resources as the file states them: what the cluster really has is known only once it is connected to."""
    share = 0.0 if file.gpu_per_pack is None else file.gpu_per_pack
    return Resources(
        address=file.address,
        cpus=file.slots * file.cpus_per_pack,
        gpus=0,
        cpus_per_pack=file.cpus_per_pack,
        gpu_per_pack=share,
        threads=file.cpus_per_pack if file.threads is None else file.threads,
        slots=file.slots,
        max_lanes=LARGEST_PACK if file.max_lanes is None else file.max_lanes,
        bytes_per_pack=None if file.gb_per_pack is None else int(file.gb_per_pack * 1e9),
        device=file.device,
        checkpoint_minutes=file.checkpoint_minutes,
        stuck_after_minutes=file.stuck_after_minutes,
        reuse_workers=file.reuse_workers,
        stage_data=file.stage_data,
        spot_notice=file.spot_notice,
    )
