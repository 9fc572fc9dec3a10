"""A gradient step recorded once as a CUDA graph and replayed: the host then launches one thing a step instead of hundreds.

At small sizes a GPU waits for the host most of the time. Everything that a step reads and writes must lie where it lay when
the graph was recorded: the learner changes its state in place, the batch is copied into one that stays, and the number of
the step is a number in the device's memory. **Not yet run on a GPU**, hence off unless RECIPE_SWEEP_CUDA_GRAPH is 1.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import torch

from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.report import StepReport

WARM_UP = 3
"""Steps taken one by one before recording, in which libraries choose their kernels and reserve their memory."""


class Take(Protocol):
    """What the device does in one step."""

    def __call__(self, batch: Batch, step: int | torch.Tensor) -> StepReport: ...


class GraphedStep:
    """Takes steps, the first few and all where recording fails one by one, else by replaying a graph.

    Of a replayed step's report the tensors are overwritten by the next one.
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
        """On another stream, as recording asks for."""
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            report = self._take(batch, step)
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        return report

    def _record(self, batch: Batch) -> bool:
        """Record the graph; False, with a warning, where something in the step cannot be. Recording executes nothing."""
        parts: list[Any] = [None if part is None else part.clone() for part in batch]
        self._batch = Batch(*parts)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self._stream):
                self._report = self._take(self._batch, self._step)
        except RuntimeError as error:
            warnings.warn(f"a step could not be recorded as a CUDA graph, going on without: {error}", stacklevel=2)
            self._failed = True
            return False
        self._graph = graph
        return True
