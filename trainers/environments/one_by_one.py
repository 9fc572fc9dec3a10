"""A wrapper that turns an ordinary environment, with one episode at a time, into the batched form that evaluation needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recipe_sweep.trainers.task import FloatArray, TaskSpec, Transition


class SingleStep(NamedTuple):
    """Result of one step of one environment."""

    observations: ArrayLike
    """(N, O)"""
    rewards: ArrayLike
    """(N,), or one number that all agents share"""
    done: bool
    """Whether the episode is over, by its end or its time limit."""


class SingleEnvironment(Protocol):
    """An environment with one episode at a time."""

    def reset(self, generator: np.random.Generator) -> ArrayLike:
        """Start an episode and return observations (N, O). All its random numbers come from the generator."""
        ...

    def step(self, actions: FloatArray) -> SingleStep:
        """Advance by actions (N, A), which are within the task's bounds (one-hot if discrete)."""
        ...


@runtime_checkable
class MaskedSingleEnvironment(SingleEnvironment, Protocol):
    """An environment of a masked task, with one episode at a time."""

    def legal(self) -> ArrayLike:
        """Return (N, A): 1 for an action that is legal now, 0 for another. Every agent has at least one legal action."""
        ...


@runtime_checkable
class WinnableSingleEnvironment(SingleEnvironment, Protocol):
    """An environment with one episode at a time, which is won or lost."""

    def won(self) -> bool:
        """Tell whether the episode is won by now."""
        ...


class OneByOne:
    """E environments that step one after the other. Those whose episode is over do not step. See BatchedEnvironment.

    It has the methods `legal` and `won` if its environments have them.
    """

    legal: Callable[[], NDArray[Any]]
    won: Callable[[], NDArray[np.bool_]]

    def __init__(self, spec: TaskSpec, make: Callable[[], SingleEnvironment], copies: int) -> None:
        self.spec = spec
        self._environments = [make() for _ in range(copies)]
        self._observations = np.zeros((copies, spec.n_agents, spec.obs_dim))
        self._over = np.ones(copies, np.bool_)
        if isinstance(self.single, MaskedSingleEnvironment):
            self.legal = self._legal
        if isinstance(self.single, WinnableSingleEnvironment):
            self.won = self._won

    @property
    def single(self) -> SingleEnvironment | None:
        """First of the environments; None if there is none."""
        return next(iter(self._environments), None)

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator and return observations (E, N, O)."""
        for copy, (environment, generator) in enumerate(zip(self._environments, generators, strict=True)):
            self._observations[copy] = environment.reset(generator)
        self._over[:] = False
        return self._observations.copy()

    def step(self, actions: FloatArray) -> Transition:
        """Advance every environment whose episode is not over by actions (E, N, A)."""
        rewards = np.zeros((len(actions), self.spec.n_agents))
        for copy in np.flatnonzero(~self._over):
            step = self._environments[copy].step(actions[copy])
            self._observations[copy], rewards[copy], self._over[copy] = step
        return Transition(self._observations.copy(), rewards, self._over.copy())

    def _legal(self) -> NDArray[Any]:
        """Ask every environment for the legal actions (E, N, A). One whose episode is over has all."""
        legal: NDArray[Any] = np.ones((len(self._environments), self.spec.n_agents, self.spec.action_dim))
        for copy in np.flatnonzero(~self._over):
            environment = self._environments[copy]
            assert isinstance(environment, MaskedSingleEnvironment)
            legal[copy] = environment.legal()
        return legal

    def _won(self) -> NDArray[np.bool_]:
        """Ask every environment whether its episode is won: (E,)."""
        environments = (one for one in self._environments if isinstance(one, WinnableSingleEnvironment))
        return np.array([one.won() for one in environments])
