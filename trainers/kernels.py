"""Which kernels a pack's networks and optimisers are computed with: PyTorch's operations, or our own fused ones.

The choice depends on nothing but the device, the precision, the number of threads and the shapes, so that a run trained a
second time meets the same kernels. They change the order of sums, so they are recorded in every checkpoint, and a pack that is
resumed goes on with those it began with, whatever a newer version would choose. `make bench` measures what they save.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from recipe_sweep.search_spaces.vocabulary import Precision
from recipe_sweep.trainers.precision import ARITHMETIC

CUDA_GRAPH_VARIABLE = "RECIPE_SWEEP_CUDA_GRAPH"
"""Environment variable: 1 makes steps on a GPU graphs. Off until it has been run on one."""
FUSED_THREADS = 4
"""At most. The fused kernels run on one thread, four times as fast as PyTorch's pointwise operations do on one."""


@dataclass(frozen=True)
class Kernels:
    """Fused kernels are used for arrays of `fused_from` numbers and more (None: never), in tiles of at most `tile` numbers."""

    fused_from: int | None = None
    tile: int = 2**18
    graph: bool = False
    """Whether a GPU replays the step as one graph (recipe_sweep.trainers.cuda_graph; not yet run on a GPU)"""

    def fuse(self, numbers: int) -> bool:
        """Whether so many numbers are worth a fused kernel: below, calling it costs more than it saves."""
        return self.fused_from is not None and numbers >= self.fused_from

    @classmethod
    def choose(cls, device: torch.device, precision: Precision, threads: int) -> Kernels:
        """Those that were fastest where they were measured (docs/performance.md)."""
        fused = device.type == "cpu" and ARITHMETIC[precision].fused and threads <= FUSED_THREADS
        if fused:
            return cls(FUSED_FROM)
        return cls(graph=device.type == "cuda" and os.environ.get(CUDA_GRAPH_VARIABLE) == "1")


FUSED_FROM = 16_384
EAGER = Kernels()
