"""The protocol of a policy.

The actor computes a vector mu (*, N, A) for every agent. Every method takes legal actions (*, N, A): 1 for a legal action, else
0. None means that all actions are legal. A row of zeros counts as all ones. N agents, A action.
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.trainers.task import FloatArray

LegalArray = NDArray[Any]
"""Legal actions (*, N, A): 1 for a legal action, else 0"""


class Policy(Protocol):
    """The meaning of mu for critics, losses and environments. All methods are pure functions of their arguments."""

    @property
    def reads_legal(self) -> bool:
        """Whether critics or losses depend on the legal actions, and not only the greedy and the executed action."""
        ...

    def critic_action(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return the policy's action as critics read it, (*, N, A), with mu's graph."""
        ...

    def nll(self, mu: Tensor, actions: Tensor, legal: Tensor | None) -> Tensor:
        """Compute the negative log-likelihood, up to a constant, of the dataset's actions: (*, N), with mu's graph."""
        ...

    def greedy(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return the most likely action (*, N, A), which targets read as the policy's next action."""
        ...

    def executable(self, mu: FloatArray, legal: LegalArray | None) -> FloatArray:
        """Return the action (*, N, A) that the environment executes. NaN in mu counts as zero."""
        ...
