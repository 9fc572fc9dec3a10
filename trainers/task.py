"""What a task is to the trainer: its shapes, its reference returns, and a batched environment to evaluate in.

Shape letters of the repository: L lanes, B batch, N agents, O observation, A action, S state, K critic heads, T rows of a
dataset, M transitions, E environments stepped side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class TaskSpec:
    """Shapes and bounds of one task. `horizon` is in environment steps."""

    name: str
    n_agents: int
    obs_dim: int
    action_dim: int
    state_dim: int
    horizon: int
    discrete: bool = False
    action_low: float = -1.0
    action_high: float = 1.0


@dataclass(frozen=True)
class ReturnScale:
    """The two returns between which scores are normalised: `(J - minimum) / (maximum - minimum)` (paper C.2)."""

    minimum: float
    maximum: float

    def score(self, episode_return: float) -> float:
        """Normalised score of a return."""
        return (episode_return - self.minimum) / (self.maximum - self.minimum)


class Transition(NamedTuple):
    """What one step of E environments gives."""

    observations: FloatArray
    """(E, N, O)"""
    rewards: FloatArray
    """(E, N)"""
    done: NDArray[np.bool_]
    """(E,): the episode ended at this step; later steps of that environment are ignored by the caller."""


class BatchedEnvironment(Protocol):
    """E copies of a task stepped in one call."""

    spec: TaskSpec

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator; returns observations (E, N, O)."""
        ...

    def step(self, actions: FloatArray) -> Transition:
        """Advance all E environments by actions (E, N, A), which are within the task's bounds (one-hot if discrete)."""
        ...


@runtime_checkable
class RecoverableEnvironment(BatchedEnvironment, Protocol):
    """An environment whose state the agents' observations tell, so that stored transitions can be played again."""

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the state that is seen in its observations (E, N, O), as exactly as their type keeps it.

        Returns for which copies (E,) they tell all of it.
        """
        ...
