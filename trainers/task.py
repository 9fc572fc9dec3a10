"""A task as the trainer uses it: shapes, reference returns, and the protocol of a batched environment for evaluation.

Shape letters of the repository: L lanes; B batch; N agents; O observation; A action; S state; K critic heads; T rows of a
dataset; M transitions; E environments that step side by side.
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
    """Shapes and bounds of one task. `horizon` is the most environment steps of an episode."""

    name: str
    n_agents: int
    obs_dim: int
    action_dim: int
    state_dim: int
    horizon: int
    discrete: bool = False
    action_low: float = -1.0
    action_high: float = 1.0
    masked: bool = False
    """Whether some actions are illegal at times. Only discrete tasks are masked; their environment is a `MaskedEnvironment`."""


@dataclass(frozen=True)
class ReturnScale:
    """The returns that score 0 and 1: a return J scores `(J - minimum) / (maximum - minimum)` (paper C.2)."""

    minimum: float
    maximum: float

    def score(self, episode_return: float) -> float:
        """Compute the normalised score of a return."""
        return (episode_return - self.minimum) / (self.maximum - self.minimum)


class Transition(NamedTuple):
    """Result of one step of E environments."""

    observations: FloatArray
    """(E, N, O)"""
    rewards: FloatArray
    """(E, N)"""
    done: NDArray[np.bool_]
    """(E,): whether the episode is over. The caller ignores later steps of an environment whose episode is over."""


class BatchedEnvironment(Protocol):
    """E copies of a task that step in one call."""

    spec: TaskSpec

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator and return observations (E, N, O)."""
        ...

    def step(self, actions: FloatArray) -> Transition:
        """Advance all E environments by actions (E, N, A), which are within the task's bounds (one-hot if discrete)."""
        ...


@runtime_checkable
class RecoverableEnvironment(BatchedEnvironment, Protocol):
    """An environment whose state can be recovered from observations, so that stored transitions can be played again."""

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the state of its observations (E, N, O), up to the precision of their type.

        Return for which copies (E,) the observations determine the whole state.
        """
        ...


@runtime_checkable
class MaskedEnvironment(BatchedEnvironment, Protocol):
    """An environment that tells which actions are legal. Its task's spec is `masked`."""

    def legal(self) -> NDArray[np.uint8]:
        """Return (E, N, A): 1 for an action that is legal now, 0 for another. Every agent has at least one legal action."""
        ...


@runtime_checkable
class StatefulEnvironment(BatchedEnvironment, Protocol):
    """An environment that shows a state which its observations do not contain, so that collected data can store it."""

    def states(self) -> FloatArray:
        """Return the present states (E, S)."""
        ...


@runtime_checkable
class WinnableEnvironment(BatchedEnvironment, Protocol):
    """An environment whose episodes are won or lost, beside their return."""

    def won(self) -> NDArray[np.bool_]:
        """Tell which copies (E,) have won their episode by now."""
        ...
