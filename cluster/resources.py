"""What a sweep needs to know of the machines it runs on, whatever backend they come from."""

from __future__ import annotations

from dataclasses import dataclass

from recipe_sweep.cluster.errors import ClusterError

GPU_SHARE_OF_A_PACK = 0.25
"""A pack's share of a GPU where the file says `auto` and there is one, until the memory model says better."""


@dataclass(frozen=True)
class Resources:
    """Machines, and how packs are laid on them.

    `address` names a running Ray; None starts one here, with `cpus` and `gpus` to give away (bookkeeping: they may be more
    or fewer than the machine has). `slots` is how many packs run at once, `threads` what each may use for its arithmetic.
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
    """A pack that makes no progress for so long is killed and tried again. None lets it be."""
    bytes_per_pack: int | None = None
    """Memory that a pack may need by its shapes: packs are made no larger. None sets no bound."""
    inline: bool = False
    """No Ray: packs run one after another in the launching process."""
    stage_data: str | None = None
    """A directory on each node's own disk, to which a dataset is copied once, and read there. None reads it where it is."""
    spot_notice: bool = False
    """Packs ask their machine's metadata (EC2's) whether it is about to be taken away, and then leave it in time."""


LARGEST_PACK = 128
"""Runs, where the file says `auto`: beyond it nothing more is gained."""
_OF_MEMORY = 0.8
_OF_GPU = 0.6
"""Less than of main memory: there PyTorch's operations keep half as much again for the backward pass as the fused kernels, for
which packs are counted. Not yet measured."""
_DRIVER_BYTES = 2 * 10**9
_WORKER_BYTES = 6 * 10**8
_LEAST_BYTES = 2 * 10**8


def share_of_memory(memory: int, slots: int) -> int:
    """What each of `slots` packs may take of a machine's main memory, its libraries and the driver's own left aside."""
    return max(int((_OF_MEMORY * memory - _DRIVER_BYTES) / slots) - _WORKER_BYTES, _LEAST_BYTES)


def share_of_gpu(memory: int, gpu_per_pack: float) -> int:
    """What a pack may take of a GPU's memory."""
    return max(int(_OF_GPU * memory * min(gpu_per_pack, 1.0)) - _WORKER_BYTES, _LEAST_BYTES)


def slots_on(cpus: int, gpus: int, cpus_per_pack: int, gpu_per_pack: float) -> int:
    """Packs that fit at once. Raises ClusterError where not even one does."""
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
