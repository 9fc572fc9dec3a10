"""The kernels that compute a pack's networks and optimisers: PyTorch's operations, or our own fused ones.

The choice depends only on device, precision, number of threads and shapes. So a run that is trained again uses the same
kernels. Kernels change the order of sums, so every checkpoint records them. A resumed pack continues with the recorded kernels,
even if a newer version would choose others. `make bench` measures what fused kernels save.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from recipe_sweep.search_spaces.vocabulary import Precision
from recipe_sweep.trainers.precision import ARITHMETIC

CUDA_GRAPH_VARIABLE = "RECIPE_SWEEP_CUDA_GRAPH"
"""Environment variable: 1 replays steps on a GPU as CUDA graphs. It is off until it has been run on a GPU."""
FUSED_THREADS = 4
"""Most threads with fused kernels. They run on one thread, four times as fast as PyTorch's pointwise operations on one."""


@dataclass(frozen=True)
class Kernels:
    """Fused kernels for arrays of at least `fused_from` numbers (None: never), in tiles of at most `tile` numbers."""

    fused_from: int | None = None
    tile: int = 2**18
    graph: bool = False
    """Whether a GPU replays the step as one CUDA graph (recipe_sweep.trainers.cuda_graph; not yet run on a GPU)"""

    def fuse(self, numbers: int) -> bool:
        """Decide whether to use a fused kernel for so many numbers. For few numbers the call costs more than it saves."""
        return self.fused_from is not None and numbers >= self.fused_from

    @classmethod
    def choose(cls, device: torch.device, precision: Precision, threads: int) -> Kernels:
        """Choose the kernels that were fastest when measured (docs/performance.md)."""
        fused = device.type == "cpu" and ARITHMETIC[precision].fused and threads <= FUSED_THREADS
        if fused:
            return cls(FUSED_FROM)
        return cls(graph=device.type == "cuda" and os.environ.get(CUDA_GRAPH_VARIABLE) == "1")


FUSED_FROM = 16_384
EAGER = Kernels()
