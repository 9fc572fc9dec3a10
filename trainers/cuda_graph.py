"""A gradient step that is recorded once as a CUDA graph and replayed. The host launches one graph, not hundreds of kernels.

At small sizes a GPU waits for the host most of the time. Everything that a step reads and writes must stay at the addresses
that were recorded. So the learner changes its state in place, and each batch is copied into the same tensors. The step number
is in the device's memory. **Not yet run on a GPU**, so it is off unless RECIPE_SWEEP_CUDA_GRAPH is 1.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import torch

from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.report import StepReport

WARM_UP = 3
"""Steps taken one by one before recording, so that libraries have chosen their kernels and reserved their memory."""


class Take(Protocol):
    """What the device does in one step."""

    def __call__(self, batch: Batch, step: int | torch.Tensor) -> StepReport: ...


class GraphedStep:
    """Takes the first few steps one by one, then replays a graph. If recording fails, it takes all steps one by one.

    The next replayed step overwrites the tensors of a replayed step's report.
    """

    def __init__(self, take: Take, device: torch.device) -> None:
        self._take, self._device = take, device
        self._left = WARM_UP
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._step = torch.zeros((), dtype=torch.int64, device=device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._batch: Batch | None = None
        self._report: StepReport | None = None
        self._failed = False

    def __call__(self, batch: Batch, step: int) -> StepReport:
        """Take step number `step` (from 0)."""
        if self._failed:
            return self._take(batch, step)
        if self._left:
            self._left -= 1
            return self._aside(batch, step)
        if self._graph is None and not self._record(batch):
            return self._take(batch, step)
        assert self._graph is not None
        assert self._batch is not None
        assert self._report is not None
        for kept, new in zip(self._batch, batch, strict=True):
            if kept is not None and new is not None:
                kept.copy_(new)
        self._step.fill_(step)
        self._graph.replay()
        return self._report

    def _aside(self, batch: Batch, step: int) -> StepReport:
        """Take a step on another stream, as CUDA requires before recording."""
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            report = self._take(batch, step)
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        return report

    def _record(self, batch: Batch) -> bool:
        """Record the graph, which executes nothing. Warn and return False if part of the step cannot be recorded."""
        parts: list[Any] = [None if part is None else part.clone() for part in batch]
        self._batch = Batch(*parts)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self._stream):
                self._report = self._take(self._batch, self._step)
        except RuntimeError as error:
            warnings.warn(f"a step could not be recorded as a CUDA graph, continuing without one: {error}", stacklevel=2)
            self._failed = True
            return False
        self._graph = graph
        return True
