"""The protocol of a mixer (paper Eq. 1), and a mixer that is prepared for some states.

L lanes, B batch, N agents, X one agent's input, S state, A action. `*` are dimensions that share a lane's states: critic heads,
or sets of actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor

from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.parameters import Copies, Layout, Leaves

Prepared = tuple[Tensor, ...]
"""Tensors that a mixer computes from states, each (L, ...). Only the mixer itself interprets them."""


@dataclass(frozen=True)
class MixerSizes:
    """Sizes from the task, and the settings `mixer_embed`, `mixer_hidden` and `mixer_gain` of a design."""

    agents: int
    inputs: int
    """X"""
    actions: int
    """A"""
    state: int
    embed: int
    hidden: int
    gain: float = 1.0
    """Scale of the initial weights"""


class Extra(NamedTuple):
    """What a mixer may read in addition to the values that it mixes."""

    actions: Tensor | None = None
    """(L, *, B, N, A), broadcastable to the values: the actions of the values. None for values V(o)."""
    compared: Tensor | None = None
    """(L, *, B, N), broadcastable to the values: what each value is compared with, V(o) or Q of the policy's own action. None
    if that is the value itself, or if no mixer compares."""


class Mixer(Protocol):
    """One mixing network. All methods are pure functions of their arguments."""

    @property
    def monotone(self) -> bool:
        """Whether a total never falls if an agent's value rises. Then `local_weight` is the total's derivative."""
        ...

    @property
    def layout(self) -> Layout:
        """Names and shapes of the leaves of one copy. Checkpoints and kept weights store them under `mixer/`."""
        ...

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw the leaves of one copy."""
        ...

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        """Compute what depends only on states (L, B, S) and inputs (L, B, N, X). Every part is (L, ...)."""
        ...

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        ...

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return how much one agent's advantage moves the total, (L, *, B, N)."""
        ...


MakeMixer = Callable[[MixerSizes], Mixer]
"""Class of a mixer, which is called with the sizes."""


class StackedMixer(Protocol):
    """A mixer in all lanes of a pack. It says how lanes are computed; `Mixer` says what one computes."""

    def prepare(self, copies: Copies, state: Tensor, x: Tensor) -> Prepared:
        """Do as `Mixer.prepare`."""
        ...

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Do as `Mixer.mix`."""
        ...

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Do as `Mixer.local_weight`."""
        ...


@dataclass(frozen=True)
class Mixing:
    """A mixer at the states of one batch."""

    mixer: StackedMixer
    prepared: Prepared

    def total(self, q: Tensor, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        return self.mixer.mix(q, self.prepared, extra)

    def local_weight(self, q: Tensor, extra: Extra) -> Tensor:
        """Return how much one agent's advantage moves the total, (L, *, B, N)."""
        return self.mixer.local_weight(q, self.prepared, extra)

    def detach(self) -> Mixing:
        """Return the same numbers without their graph."""
        return Mixing(self.mixer, tuple(part.detach() for part in self.prepared))

    def lanes(self, wanted: slice) -> Mixing:
        """Select some lanes."""
        return Mixing(self.mixer, tuple(part[wanted] for part in self.prepared))


def align(part: Tensor, q: Tensor) -> Tensor:
    """Shape a prepared part (L, B, ...) to broadcast against values (L, *, B, N)."""
    return part[(slice(None), *([None] * (q.ndim - 3)))]
