"""Dec: independent learners with shared weights; there is no total."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.mixers.base import Extra, MakeMixer, Mixing
from recipe_sweep.trainers.task import TaskSpec


class Dec:
    """Every agent has its own value Q_a(x_a, u_a), target and loss (paper 5.1)."""

    uses_state = False
    mixer: MakeMixer | None = None

    def context_size(self, spec: TaskSpec) -> int:
        """Return the width of one agent's input."""
        return spec.obs_dim + spec.n_agents

    def action_size(self, spec: TaskSpec) -> int:
        """Return the width of one agent's action."""
        return spec.action_dim

    def context(self, views: Views) -> Tensor:
        """Return the agents' inputs (L, B, N, X)."""
        return views.x

    def join(self, actions: Tensor) -> Tensor:
        """Return each agent's own action: (*, B, N, A)."""
        return actions

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Keep the values per agent: (L, *, B, N)."""
        return q

    def reward(self, rewards: Tensor, team: Tensor) -> Tensor:
        """Return each agent's own reward (L, B, N)."""
        return rewards

    def spread(self, per_transition: Tensor) -> Tensor:
        """Add a dimension that broadcasts over agents: (L, B) -> (L, B, 1)."""
        return per_transition.unsqueeze(-1)

    def cloning(self, nll: Tensor) -> Tensor:
        """Average over agents and the batch."""
        return nll.mean((-1, -2))


DEC = Dec()
