"""The kernels that compute a pack's networks and optimisers: PyTorch's operations, or our own fused ones.

The choice depends only on device, precision, number of threads and shapes. So a run that is trained again uses the same
kernels. Kernels change the order of sums, so every checkpoint records them. A resumed pack continues with the recorded kernels,
even if a newer version would choose others. `make bench` measures what fused kernels save.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from recipe_sweep.search_spaces.vocabulary import Precision
from recipe_sweep.trainers.fused.unit import UNIT
from recipe_sweep.trainers.precision import ARITHMETIC

CUDA_GRAPH_VARIABLE = "RECIPE_SWEEP_CUDA_GRAPH"
"""Environment variable: 1 replays steps on a GPU as CUDA graphs. It is off until it has been run on a GPU."""


NO_UNIT = "this processor does not multiply and add with one rounding"


@dataclass(frozen=True)
class Kernels:
    """Compiled functions that take one lane at a time (trainers/fused), or PyTorch's operations."""

    fused: bool = False
    graph: bool = False
    """Whether a GPU replays the step as one CUDA graph (recipe_sweep.trainers.cuda_graph; not yet run on a GPU)"""

    threads: int = 1
    """Threads among which compiled functions divide rows. Each row's sums stay in one, so bits do not depend on it."""

    @classmethod
    def choose(cls, device: torch.device, precision: Precision, threads: int = 1) -> Kernels:
        """Choose by device, precision and processor. Nothing of a pack counts, so a run has the same numbers in every pack."""
        if device.type == "cpu":
            return cls(fused=ARITHMETIC[precision].fused and UNIT is not None, threads=threads)
        return cls(threads=threads, graph=device.type == "cuda" and os.environ.get(CUDA_GRAPH_VARIABLE) == "1")

    @classmethod
    def recorded(cls, content: Mapping[str, bool] | None) -> Kernels | None:
        """Read what a checkpoint recorded. None: it recorded nothing, or kernels of an earlier release."""
        return cls(**content) if content is not None and content.keys() <= {"fused", "graph"} else None

    def record(self) -> dict[str, bool]:
        """Write down for a checkpoint what determines the numbers."""
        return {"fused": self.fused, "graph": self.graph}

    def tell(self, device: str, precision: Precision) -> None:
        """Print that this processor has no unit for the compiled functions, so that the pack's log holds it."""
        if device == "cpu" and ARITHMETIC[precision].fused and not self.fused:
            print(f"{NO_UNIT}: PyTorch's operations are used, so a run's last digits depend on its pack", flush=True)

    def set_threads(self) -> None:
        """Set how many threads PyTorch's operations use in this process. One beside compiled functions: more change bits."""
        torch.set_num_threads(1 if self.fused else self.threads)


EAGER = Kernels()
