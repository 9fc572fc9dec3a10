"""Batches drawn from a dataset: uniformly, with replacement, one batch per distinct seed of the pack.

The transitions of step t are a function of (seed, t) alone. So training can resume at any step without saved state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.flow_noise import step_noise
from recipe_sweep.trainers.randomness import generator

BLOCK = 64
"""Number of steps that are drawn at once. Changing it changes the batches, so it is part of the numerics."""


class Reads(NamedTuple):
    """Columns that only some learners read."""

    next_actions: bool
    states: bool
    legals: bool = False
    """Legal actions at the observations. Only masked tasks have legal actions."""
    next_legals: bool = False
    """Legal actions at the next observations."""
    flow_noise: bool = False
    """Noise of the extraction `flow`, which is drawn and no column."""


class Sampler:
    """Draws the batch of any step for some seeds. Only columns that the learner reads are gathered."""

    def __init__(
        self,
        dataset: Dataset,
        seeds: Sequence[int],
        batch: int,
        reads: Reads,
        *,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._seeds, self._batch, self._dtype, self._device = tuple(seeds), batch, dtype, device
        self._reads, self._action_dim, self._spec = reads, dataset.spec.action_dim, dataset.spec
        on_cpu = device.type == "cpu"  # then columns stay memory-mapped, and all processes of the machine share them

        def place(column: Tensor) -> Tensor:
            return column if on_cpu else column.to(device)

        self._observations = place(dataset.observations)
        self._actions, self._numbered = place(dataset.actions), dataset.spec.masked
        self._legals = None if dataset.legals is None else place(dataset.legals)
        self._rewards = place(dataset.rewards)
        self._state = place(dataset.states) if dataset.states is not None else None
        self._rows, self._next_rows, self._mask = map(place, (dataset.rows, dataset.next_rows, dataset.mask))
        self._block_number = -1
        self._block = torch.empty(0)

    def at(self, step: int, *, measured: bool = False) -> Batch:
        """Draw the batch of gradient step number `step` (from 0). If it is measured, the legal actions are gathered too."""
        block, offset = divmod(step, BLOCK)
        if block != self._block_number:
            self._block_number, self._block = block, self._draw(block)
        drawn = self._block[offset].flatten()
        rows, next_rows = self._rows[drawn], self._next_rows[drawn]
        obs, next_obs = self._gather(self._observations, rows), self._gather(self._observations, next_rows)
        state = next_state = None
        if self._reads.states:
            if self._state is None:
                state, next_state = obs.flatten(-2), next_obs.flatten(-2)
            else:
                state, next_state = self._gather(self._state, rows), self._gather(self._state, next_rows)
        return Batch(
            obs=obs,
            actions=self._gather_actions(rows),
            rewards=self._gather(self._rewards, rows),
            mask=self._gather(self._mask, drawn),
            next_obs=next_obs,
            next_actions=self._gather_actions(next_rows) if self._reads.next_actions else None,
            state=state,
            next_state=next_state,
            legals=self._gather_legals(rows) if self._reads.legals or measured else None,
            next_legals=self._gather_legals(next_rows) if self._reads.next_legals else None,
            **(self._flow_noise(step) if self._reads.flow_noise else {}),
        )

    def _flow_noise(self, step: int) -> dict[str, Tensor]:
        """Draw the noise of a step by its names in a batch."""
        drawn = [step_noise(seed, step, self._batch, self._spec) for seed in self._seeds]
        names = ("flow_start", "flow_time", "flow_noise", "flow_next_noise")
        parts = (torch.from_numpy(np.stack(part)).to(self._device, self._dtype) for part in zip(*drawn, strict=True))
        return dict(zip(names, parts, strict=True))

    def _gather(self, column: Tensor, index: Tensor) -> Tensor:
        """Gather rows of a column as (G, B, *)."""
        return self._rows_of(column, index).to(self._dtype)

    def _gather_actions(self, index: Tensor) -> Tensor:
        """Gather actions (G, B, N, A). Stored numbers become one-hot here, because one-hot floats need forty times the room."""
        if not self._numbered:
            return self._gather(self._actions, index)
        return functional.one_hot(self._rows_of(self._actions, index).long(), self._action_dim).to(self._dtype)

    def _gather_legals(self, index: Tensor) -> Tensor | None:
        """Gather legal actions (G, B, N, A) as bytes; None for a task without illegal actions."""
        return None if self._legals is None else self._rows_of(self._legals, index)

    def _rows_of(self, column: Tensor, index: Tensor) -> Tensor:
        return column.index_select(0, index).view(len(self._seeds), self._batch, *column.shape[1:])

    def _draw(self, block: int) -> Tensor:
        """Draw the transition numbers of a block of steps: (BLOCK, G, B)."""
        count = self._rows.shape[0]
        drawn = [generator(seed, "batch", block).integers(0, count, (BLOCK, self._batch)) for seed in self._seeds]
        return torch.from_numpy(np.stack(drawn, axis=1)).to(self._device)
