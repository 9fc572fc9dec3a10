"""Policy for continuous actions: a Gaussian of unit variance around mu."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from recipe_sweep.trainers.policies.base import LegalArray
from recipe_sweep.trainers.task import FloatArray, TaskSpec


def half_squared_distance(mu: Tensor, actions: Tensor) -> Tensor:
    """Compute 1/2 |mu - u|^2 of every agent: (*, N, A) -> (*, N)."""
    return 0.5 * (mu - actions).square().sum(-1)


class Gaussian:
    """A policy whose action is mu. Only the executed action is clipped to the task's bounds. All actions are legal."""

    reads_legal = False

    def __init__(self, spec: TaskSpec) -> None:
        self._low, self._high = spec.action_low, spec.action_high

    def critic_action(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return mu."""
        return mu

    def nll(self, mu: Tensor, actions: Tensor, legal: Tensor | None) -> Tensor:
        """Compute half the squared distance to the actions."""
        return half_squared_distance(mu, actions)

    def greedy(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return mu, unclipped."""
        return mu

    def executable(self, mu: FloatArray, legal: LegalArray | None) -> FloatArray:
        """Clip mu to the task's bounds."""
        return np.clip(np.where(np.isnan(mu), 0.0, mu), self._low, self._high)
