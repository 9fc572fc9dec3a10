"""An ordinary environment, which knows one episode at a time, as the batched form that evaluation asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from recipe_sweep.trainers.task import FloatArray, TaskSpec, Transition


class SingleStep(NamedTuple):
    """What one step of one environment gives."""

    observations: ArrayLike
    """(N, O)"""
    rewards: ArrayLike
    """(N,), or one number that all agents share"""
    done: bool
    """The episode is over, ended or out of time."""


class SingleEnvironment(Protocol):
    """One episode at a time."""

    def reset(self, generator: np.random.Generator) -> ArrayLike:
        """Start an episode, drawing all of its randomness from the generator; returns observations (N, O)."""
        ...

    def step(self, actions: FloatArray) -> SingleStep:
        """Advance by actions (N, A), which are within the task's bounds (one-hot if discrete)."""
        ...


class OneByOne:
    """E environments stepped one after the other; those whose episode is over stand still. See BatchedEnvironment."""

    def __init__(self, spec: TaskSpec, make: Callable[[], SingleEnvironment], copies: int) -> None:
        self.spec = spec
        self._environments = [make() for _ in range(copies)]
        self._observations = np.zeros((copies, spec.n_agents, spec.obs_dim))
        self._over = np.ones(copies, np.bool_)

    @property
    def single(self) -> SingleEnvironment | None:
        """The first of the environments; None where there is none."""
        return next(iter(self._environments), None)

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator; returns observations (E, N, O)."""
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
