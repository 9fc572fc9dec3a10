"""A wrapper around a plugin's environment. It checks what the environment returns, and names file and line of errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.plugins import PluginCodeError, plugin_code
from recipe_sweep.search_spaces.user_code import place_of
from recipe_sweep.trainers.environments.one_by_one import OneByOne
from recipe_sweep.trainers.task import BatchedEnvironment, FloatArray, RecoverableEnvironment, TaskSpec, Transition


def guarded(spec: TaskSpec, make: Callable[[int], BatchedEnvironment], copies: int) -> BatchedEnvironment:
    """Make `copies` copies of a plugin's environment. This function and the methods of its result raise PluginCodeError."""
    with plugin_code(f"environment of {spec.name}", "an environment that can be made", place_of(make)):
        inner = make(copies)
    kind = _RecoverableGuard if isinstance(inner, RecoverableEnvironment) else _Guard
    return kind(spec, inner, copies)


class _Guard:
    """A plugin's environment, with errors that name the plugin."""

    def __init__(self, spec: TaskSpec, inner: BatchedEnvironment, copies: int) -> None:
        self.spec, self._inner, self._copies = spec, inner, copies
        self._name = f"environment of {spec.name}"
        self._place = place_of(type(inner.single if isinstance(inner, OneByOne) else inner))

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator."""
        with plugin_code(f"{self._name}, reset", "observations", self._place):
            return self._observations(self._inner.reset(generators), "reset")

    def step(self, actions: FloatArray) -> Transition:
        """Advance all copies."""
        with plugin_code(f"{self._name}, step", "a Transition of observations, rewards and done", self._place):
            observations, rewards, done = self._inner.step(actions)
            rewards, done = np.asarray(rewards), np.asarray(done)
            self._require(rewards, "step", "rewards", (self._copies, self.spec.n_agents))
            if done.shape != (self._copies,) or done.dtype.kind != "b":
                raise self._wrong("step", "done", f"{done.dtype} {done.shape}", f"bool ({self._copies},)")
            return Transition(self._observations(observations, "step"), rewards, done)

    def _observations(self, values: object, method: str) -> FloatArray:
        found = np.asarray(values)
        self._require(found, method, "observations", (self._copies, self.spec.n_agents, self.spec.obs_dim))
        return found

    def _require(self, values: NDArray[np.generic], method: str, key: str, shape: tuple[int, ...]) -> None:
        if values.shape != shape or values.dtype.kind not in "iuf":
            raise self._wrong(method, key, f"{values.dtype} {values.shape}", f"numbers of shape {shape}")
        if not np.isfinite(values).all():
            raise self._wrong(method, key, "NaN or infinite numbers", "finite numbers")

    def _wrong(self, method: str, key: str, found: str, expected: str) -> PluginCodeError:
        hint = None if self._place is None else f"in the plugin: {self._place}"
        return PluginCodeError(
            Problem(f"{self._name}, {method}", key=key, found=found, expected=expected, hint=hint), self._place
        )


class _RecoverableGuard(_Guard):
    """The same for an environment whose state can be recovered from observations."""

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the observed state."""
        inner = self._inner
        assert isinstance(inner, RecoverableEnvironment)
        with plugin_code(f"{self._name}, recover", "flags, one for each copy", self._place):
            return inner.recover(observations)
