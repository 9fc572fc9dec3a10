"""What a sweep needs to know about its machines. It is the same for every backend."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recipe_sweep.cluster.errors import ClusterError

GPU_SHARE_OF_A_PACK = 0.25
"""A pack's share of a GPU if the file says `auto` and there is a GPU. A memory model may replace it later."""


class Way(StrEnum):
    """How a pack's files travel between its worker and the sweep."""

    FOLDER = "folder"
    """Workers see the sweep's directory, on their own disk or on one that all machines share."""
    RAY = "ray"
    """Files travel through Ray to the machine of the launch."""
    STORE = "store"
    """Checkpoints and weights go to the sweep's store, and everything small through Ray."""

    @property
    def through_gate(self) -> bool:
        """Whether workers work in a directory of their own machine, and reach the sweep through the launch's gate."""
        return self is not Way.FOLDER

    @property
    def by_store(self) -> bool:
        """Whether large files go to the sweep's store."""
        return self is Way.STORE


@dataclass(frozen=True)
class Resources:
    """Machines, and how packs are placed on them.

    `address` names a running Ray. None starts one here that may assign `cpus` and `gpus`. These numbers are bookkeeping, so
    they may differ from what the machine has. `slots` is how many packs run at once. `threads` is how many threads each may use
    for its arithmetic.
    """

    address: str | None
    cpus: int
    gpus: int
    cpus_per_pack: int
    gpu_per_pack: float
    threads: int
    slots: int
    max_lanes: int
    device: str
    checkpoint_minutes: float
    reuse_workers: bool
    stuck_after_minutes: float | None = None
    """A pack that makes no progress for so long is killed and tried again. None never kills."""
    bytes_per_pack: int | None = None
    """Memory that a pack may need by its shapes. Packs are made no larger. None sets no bound."""
    inline: bool = False
    """Whether packs run one after another in the launching process, without Ray."""
    taken: bool = False
    """Whether processes that somebody else starts take packs from the sweep's folder, without Ray."""
    stage_data: str | None = None
    """A directory on each node's own disk. A dataset is copied there once, and then read there. None reads it in place."""
    spot_notice: bool = False
    """Whether packs ask their machine's metadata (EC2's) if the machine will soon be taken away. Then they leave in time."""
    travel: Way | None = None
    """How files of packs travel. None finds out whether all machines see the sweep's directory."""

    @property
    def uses_ray(self) -> bool:
        """Whether Ray decides where packs run."""
        return not (self.inline or self.taken)


LARGEST_PACK = 128
"""Runs of a pack if the file says `auto`. More runs do not make it faster."""
_OF_MEMORY = 0.8
_OF_GPU = 0.6
"""Smaller than `_OF_MEMORY`, because PyTorch's operations on GPUs keep 1.5 times as much for the backward pass.

Packs are counted for the fused kernels. This number is not yet measured.
"""
_DRIVER_BYTES = 2 * 10**9
_WORKER_BYTES = 6 * 10**8
_LEAST_BYTES = 2 * 10**8


def share_of_memory(memory: int, slots: int) -> int:
    """Compute the bytes of main memory that each of `slots` packs may take.

    The memory of its libraries and of the driver is left out.
    """
    return max(int((_OF_MEMORY * memory - _DRIVER_BYTES) / slots) - _WORKER_BYTES, _LEAST_BYTES)


def share_of_gpu(memory: int, gpu_per_pack: float) -> int:
    """Compute the bytes that a pack may take of a GPU's memory."""
    return max(int(_OF_GPU * memory * min(gpu_per_pack, 1.0)) - _WORKER_BYTES, _LEAST_BYTES)


def slots_on(cpus: int, gpus: int, cpus_per_pack: int, gpu_per_pack: float) -> int:
    """Count the packs that fit at once. Raises ClusterError if not even one fits."""
    by_cpu = cpus // cpus_per_pack
    if by_cpu == 0:
        raise ClusterError("cpus_per_pack", str(cpus_per_pack), f"at most the {cpus} CPUs there are", "lower it, or raise cpus")
    if gpu_per_pack == 0:
        return by_cpu
    by_gpu = gpus * int(1 / gpu_per_pack + 1e-9) if gpu_per_pack <= 1 else gpus // int(gpu_per_pack)
    if by_gpu == 0:
        raise ClusterError(
            "gpu_per_pack", f"{gpu_per_pack:g}", f"at most the {gpus} GPUs there are", "0 trains on CPUs; or raise gpus"
        )
    return min(by_cpu, by_gpu)
