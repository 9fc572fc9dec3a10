"""What a sweep has cost so far: the training of its finished packs, all their attempts together as far as checkpoints remember.

What failed for good, what is still running and what a kill threw away is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sweep.ledger import ResultFile


@dataclass(frozen=True)
class Spending:
    """Seconds that finished packs took. `gpu_s` counts a pack on CUDA by its share of a GPU."""

    runs: int
    packs: int
    wall_s: float
    cpu_s: float
    gpu_s: float


def spending(files: Iterable[ResultFile], gpu_share: Callable[[int], float]) -> Spending:
    """Add up the packs in `files`; `gpu_share` tells what part of a GPU a pack had under the launch of an epoch."""
    files = list(files)
    on_gpu = (file for file in files if file.device.startswith("cuda"))
    return Spending(
        runs=sum(len(file.run_ids) for file in files),
        packs=len(files),
        wall_s=sum(file.wall_s for file in files),
        cpu_s=sum(file.cpu_s for file in files),
        gpu_s=sum(file.wall_s * gpu_share(file.epoch) for file in on_gpu),
    )
