"""The protocol of a policy.

The actor gives every agent a vector mu (*, N, A). Every method takes legal actions (*, N, A), 1 where an action is legal, or
None where all are. A row of zeros counts as all ones.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from recipe_sweep.trainers.task import FloatArray


class Policy(Protocol):
    """What mu means for critics, losses and environments. All members are pure functions of their arguments."""

    def critic_action(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return what critics read for the policy's action, (*, N, A), with mu's graph."""
        ...

    def nll(self, mu: Tensor, actions: Tensor, legal: Tensor | None) -> Tensor:
        """Return the negative log-likelihood, up to a constant, of the dataset's actions: (*, N), with mu's graph."""
        ...

    def greedy(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return the likeliest action (*, N, A): what targets read for the policy's next action."""
        ...

    def executable(self, mu: FloatArray, legal: FloatArray | None) -> FloatArray:
        """Return the action (*, N, A) that the environment executes. NaN in mu counts as zero."""
        ...
