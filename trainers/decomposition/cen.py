"""Cen: one critic of the global state and all actions."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.mixers.base import Extra, MakeMixer, Mixing
from recipe_sweep.trainers.task import TaskSpec


class Cen:
    """Q(s, u_1..u_N) is the total (paper 5.1)."""

    uses_state = True
    mixer: MakeMixer | None = None

    def context_size(self, spec: TaskSpec) -> int:
        """Return the width of the state."""
        return spec.state_dim

    def action_size(self, spec: TaskSpec) -> int:
        """Return the width of the joint action."""
        return spec.n_agents * spec.action_dim

    def context(self, views: Views) -> Tensor:
        """Return the state (L, B, S)."""
        assert views.state is not None
        return views.state

    def join(self, actions: Tensor) -> Tensor:
        """Join the agents' actions: (*, B, N, A) -> (*, B, N * A)."""
        return actions.flatten(-2)

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Return the critic's value itself."""
        return q

    def reward(self, rewards: Tensor, team: Tensor) -> Tensor:
        """Return the team's reward (L, B)."""
        return team

    def spread(self, per_transition: Tensor) -> Tensor:
        """Return the tensor unchanged: (L, B)."""
        return per_transition

    def cloning(self, nll: Tensor) -> Tensor:
        """Sum over agents (the joint log-likelihood), and average over the batch."""
        return nll.sum(-1).mean(-1)


CEN = Cen()
