"""Policy for discrete actions as in the paper: mu is fitted to one-hot vectors, and its largest entry is the action."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.policies.base import LegalArray
from recipe_sweep.trainers.policies.gaussian import half_squared_distance
from recipe_sweep.trainers.task import FloatArray, TaskSpec


class OneHot:
    """A policy whose critics and losses read mu itself. Legal actions restrict only the greedy and the executed action."""

    reads_legal = False

    def __init__(self, spec: TaskSpec) -> None:
        self._actions = spec.action_dim

    def critic_action(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return mu."""
        return mu

    def nll(self, mu: Tensor, actions: Tensor, legal: Tensor | None) -> Tensor:
        """Compute half the squared distance to the one-hot actions."""
        return half_squared_distance(mu, actions)

    def greedy(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return the one-hot of the largest legal entry, or of the first of equal ones."""
        return functional.one_hot(only_legal(mu, legal).argmax(-1), self._actions).to(mu.dtype)

    def executable(self, mu: FloatArray, legal: LegalArray | None) -> FloatArray:
        """Return the one-hot of the largest legal entry, or of the first of equal ones."""
        defined = np.nan_to_num(mu)  # An infinite number becomes a finite one, so that no illegal action is as large.
        if legal is not None:
            allowed = legal > 0
            defined = np.where(allowed | ~allowed.any(axis=-1, keepdims=True), defined, -np.inf)
        one_hot: FloatArray = np.eye(self._actions)[defined.argmax(axis=-1)]
        return one_hot


def only_legal(mu: Tensor, legal: Tensor | None) -> Tensor:
    """Replace the entries of illegal actions by -inf: (*, A) -> (*, A). A row of `legal` without a legal action allows all."""
    if legal is None:
        return mu
    allowed = legal > 0
    return mu.masked_fill(~(allowed | ~allowed.any(-1, keepdim=True)), -np.inf)
