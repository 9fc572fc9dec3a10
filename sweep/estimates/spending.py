"""What the runs of a sweep have cost so far: each run costs its share of its finished pack, over all resumed attempts.

The cost of failed and of running packs is not included, nor that of steps lost by a kill.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from recipe_sweep.sweep.results.done import ResultFile


@dataclass(frozen=True)
class Spending:
    """Seconds that finished runs took, and in how many packs. `gpu_s` counts a pack on CUDA by its share of a GPU."""

    runs: int
    packs: int
    wall_s: float
    cpu_s: float
    gpu_s: float


def spending(files: Iterable[ResultFile], run_ids: Collection[str], gpu_share: Callable[[int], float]) -> Spending:
    """Add up what `run_ids` cost in the packs of `files`; `gpu_share` is a pack's part of a GPU, by its launch's epoch."""
    runs, packs, wall_s, cpu_s, gpu_s = 0, 0, 0.0, 0.0, 0.0
    for file in files:
        counted = sum(run_id in run_ids for run_id in file.run_ids)
        share = counted / len(file.run_ids)
        runs += counted
        packs += counted > 0
        wall_s += share * file.wall_s
        cpu_s += share * file.cpu_s
        gpu_s += share * file.wall_s * gpu_share(file.epoch) if file.device.startswith("cuda") else 0.0
    return Spending(runs, packs, wall_s, cpu_s, gpu_s)
