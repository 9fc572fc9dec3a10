"""The machine that this process runs on."""

from __future__ import annotations

from typing import Literal

from recipe_sweep.cluster.backends.base import Backend, Cost, sample
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.machine import gpu_memory_bytes, gpu_name, memory_bytes, usable_cpus, visible_gpus
from recipe_sweep.cluster.resources import GPU_SHARE_OF_A_PACK, LARGEST_PACK, Resources, share_of_gpu, share_of_memory, slots_on
from recipe_sweep.cluster.schema import AutoCpus, AutoGpus, ClusterFile


class LocalFile(ClusterFile):
    """This machine. `local.yaml` explains each key."""

    backend: Literal["local"] = "local"
    cpus: AutoCpus = None
    gpus: AutoGpus = None


class LocalBackend(Backend[LocalFile]):
    """This machine: all of it, or as much as the file says."""

    name = "local"
    schema = LocalFile
    is_here = True

    @classmethod
    def example(cls) -> str:
        return sample("local")

    def resources(self) -> Resources:
        return _resources(self.file)

    def cost(self) -> Cost:
        return Cost(None, "this machine is yours, so its hours have no price")


def _resources(file: LocalFile) -> Resources:
    """Compute the resources of this machine. The file may restrict them, or state more.

    Raises ClusterError if no pack fits.
    """
    cpus = usable_cpus() if file.cpus is None else file.cpus
    gpus = visible_gpus() if file.gpus is None else file.gpus
    share = (GPU_SHARE_OF_A_PACK if gpus else 0.0) if file.gpu_per_pack is None else file.gpu_per_pack
    if file.device == "cuda" and visible_gpus() == 0 and gpu_name() is None:
        raise ClusterError(
            "device", "cuda", "a GPU on this machine", "cpu trains without one; auto takes one where there is one"
        )
    slots = slots_on(cpus, gpus, file.cpus_per_pack, share)
    return Resources(
        address=None,
        cpus=cpus,
        gpus=gpus,
        cpus_per_pack=file.cpus_per_pack,
        gpu_per_pack=share,
        threads=file.cpus_per_pack if file.threads is None else file.threads,
        slots=slots,
        max_lanes=LARGEST_PACK if file.max_lanes is None else file.max_lanes,
        bytes_per_pack=_room(file, share, slots),
        device=file.device,
        checkpoint_minutes=file.checkpoint_minutes,
        stuck_after_minutes=file.stuck_after_minutes,
        reuse_workers=file.reuse_workers,
        stage_data=file.stage_data,
        travel=file.way,
    )


def _room(file: LocalFile, gpu_share: float, slots: int) -> int | None:
    """Compute the bytes for a pack.

    They are as stated in the file. If the file states the number of runs instead, there is no bound (None). Otherwise a pack
    has its share of the device's memory.
    """
    if file.gb_per_pack is not None:
        return int(file.gb_per_pack * 1e9)
    if file.max_lanes is not None:
        return None
    if gpu_share == 0 or file.device == "cpu":
        return share_of_memory(memory_bytes(), slots)
    memory = gpu_memory_bytes()
    return None if memory is None else share_of_gpu(memory, gpu_share)
