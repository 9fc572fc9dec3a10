"""The protocol of a decomposition.

A critic reads a context and actions. `units` below stands for what one value belongs to: (B,) where a critic or a total
covers the whole team, (B, N) where it covers one agent.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.trainers.mixers.base import Extra, MakeMixer, Mixing
from recipe_sweep.trainers.task import TaskSpec


class Views(NamedTuple):
    """What critics and value networks may look at, at one time step: x (L, B, N, X) and, where asked for, s (L, B, S)."""

    x: Tensor
    state: Tensor | None


class Decomposition(Protocol):
    """One value of the axis "decomposition" (paper 5.1). All members are pure functions of their arguments."""

    @property
    def uses_state(self) -> bool:
        """Whether contexts or totals read the global state."""
        ...

    @property
    def mixer(self) -> MakeMixer | None:
        """The class of the mixer that turns agents' values into the total; None without one."""
        ...

    def context_size(self, spec: TaskSpec) -> int:
        """Width of the context."""
        ...

    def action_size(self, spec: TaskSpec) -> int:
        """Width of the actions that one critic reads."""
        ...

    def context(self, views: Views) -> Tensor:
        """What a critic reads beside the actions: (L, units, context_size)."""
        ...

    def join(self, actions: Tensor) -> Tensor:
        """The actions that one critic reads: (*, B, N, A) -> (*, units, action_size)."""
        ...

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Total of critic values: (L, *, units of the critic) -> (L, *, units of the total). Only a mixer reads `extra`."""
        ...

    def reward(self, rewards: Tensor, team: Tensor) -> Tensor:
        """The reward that the total predicts, of agents' rewards (L, B, N) and team rewards (L, B)."""
        ...

    def spread(self, per_transition: Tensor) -> Tensor:
        """A (L, B) tensor shaped to broadcast over the units of the total."""
        ...

    def cloning(self, nll: Tensor) -> Tensor:
        """BRAC's cloning term, (L,), of negative log-likelihoods (L, B, N): joint against one total, else per agent."""
        ...
