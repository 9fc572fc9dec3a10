"""The actors of a pack. Those that read noise have a wider first layer, so they are a stack of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recipe_sweep.trainers.lanes import Select
from recipe_sweep.trainers.parameters import Adam, Stack, Trained


class ActorRow(NamedTuple):
    """Where one lane's actor is."""

    stack: Stack
    row: int


class Actors:
    """The actors of all lanes: `plain` for policies of observations, `noisy` for policies that read noise too.

    Either may have no rows. Rows have the order of the lanes.
    """

    def __init__(self, plain: Stack, noisy: Stack | None, reads_noise: Sequence[bool], device: torch.device) -> None:
        self.plain, self.noisy = plain, noisy
        self._noisy_lanes = [lane for lane, reads in enumerate(reads_noise) if reads]
        self._plain_lanes = [lane for lane, reads in enumerate(reads_noise) if not reads]
        lanes = len(reads_noise)
        self._of_plain = Select(self._plain_lanes, lanes, device)
        self._of_noisy = Select(self._noisy_lanes, lanes, device)
        order = [*self._plain_lanes, *self._noisy_lanes]
        self._in_order = Select([order.index(lane) for lane in range(lanes)], lanes, device)

    @property
    def all_plain(self) -> bool:
        """Whether no policy reads noise."""
        return not self._noisy_lanes

    def of(self, lane: int) -> ActorRow:
        """Find the actor of a lane."""
        if self.noisy is not None and lane in self._noisy_lanes:
            return ActorRow(self.noisy, self._noisy_lanes.index(lane))
        return ActorRow(self.plain, self._plain_lanes.index(lane))

    def part(self, lanes: slice) -> Trained:
        """Select neighbouring lanes of one kind for the loss that trains them."""
        stack, first = self.of(lanes.start)
        return stack.part(slice(first, first + lanes.stop - lanes.start))

    def descend(self, adam: Adam, lr: Tensor, alive: Tensor, step: int | Tensor) -> None:
        """Take a step of Adam with learning rates (L, 1), in lanes that are alive (L, 1)."""
        if self._plain_lanes:
            self.plain.descend(adam, self._of_plain(lr), self._of_plain(alive), step)
        if self.noisy is not None:
            self.noisy.descend(adam, self._of_noisy(lr), self._of_noisy(alive), step)

    def split(self, per_lane: Tensor) -> tuple[Tensor, Tensor]:
        """Divide a tensor (L, *) into that of plain and that of noisy lanes."""
        return self._of_plain(per_lane), self._of_noisy(per_lane)

    def joined(self, plain: Tensor, noisy: Tensor) -> Tensor:
        """Put what `split` divided back into the order of lanes."""
        return self._in_order(torch.cat([plain, noisy]))
