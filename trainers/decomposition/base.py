"""The protocol of a decomposition.

A critic reads a context and actions. `units` below are the dimensions over which values are counted: (B,) if a critic or a
total covers the whole team, (B, N) if it covers one agent. L lanes, B transitions, N agents, O observation, S state, A action;
X = O + N is the width of an agent's input; * is any number of dimensions.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.trainers.mixers.base import Extra, MakeMixer, Mixing
from recipe_sweep.trainers.task import TaskSpec


class Views(NamedTuple):
    """What is seen at one time step."""

    x: Tensor
    """(L, B, N, X): the agents' inputs"""
    state: Tensor | None
    """(L, B, S), if the design uses the state"""
    legal: Tensor | None = None
    """(L, B, N, A): 1 for a legal action, else 0. None if nobody reads it, or if all actions are always legal"""
    noise: Tensor | None = None
    """(L, B, N, A): standard normal numbers that policies of the extraction `flow` read; None if no lane has such a policy"""


class Decomposition(Protocol):
    """A member of the axis "decomposition" (paper 5.1). All methods are pure functions of their arguments."""

    @property
    def uses_state(self) -> bool:
        """Whether contexts or totals read the global state."""
        ...

    @property
    def mixer(self) -> MakeMixer | None:
        """Class of the mixer that turns agents' values into the total; None for a decomposition without a mixer."""
        ...

    def context_size(self, spec: TaskSpec) -> int:
        """Return the width of the context."""
        ...

    def action_size(self, spec: TaskSpec) -> int:
        """Return the width of the actions that one critic reads."""
        ...

    def context(self, views: Views) -> Tensor:
        """Select what a critic reads in addition to the actions: (L, units, context_size)."""
        ...

    def join(self, actions: Tensor) -> Tensor:
        """Arrange the actions that one critic reads: (*, B, N, A) -> (*, units, action_size)."""
        ...

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Combine critic values into the total: (L, *, units of the critic) -> (L, *, units of the total).

        `mixing` is the mixer at the states, None without a mixer. Only a mixer reads `extra`.
        """
        ...

    def reward(self, rewards: Tensor, team: Tensor) -> Tensor:
        """Choose the reward that the total predicts: the agents' rewards (L, B, N) or the team's rewards (L, B)."""
        ...

    def spread(self, per_transition: Tensor) -> Tensor:
        """Shape a tensor (L, B) so that it broadcasts over the units of the total."""
        ...

    def cloning(self, nll: Tensor) -> Tensor:
        """Reduce negative log-likelihoods (L, B, N) to BRAC's cloning term (L,).

        With one total for the team they are summed over agents, else averaged over agents; then averaged over the batch.
        """
        ...
