"""A wrapper around a plugin's environment. It checks what the environment returns, and names file and line of errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.plugins import PluginCodeError, plugin_code
from recipe_sweep.search_spaces.user_code import place_of
from recipe_sweep.trainers.environments.one_by_one import OneByOne
from recipe_sweep.trainers.task import (
    BatchedEnvironment,
    FloatArray,
    MaskedEnvironment,
    RecoverableEnvironment,
    StatefulEnvironment,
    TaskSpec,
    Transition,
    WinnableEnvironment,
)


def guarded(spec: TaskSpec, make: Callable[[int], BatchedEnvironment], copies: int) -> BatchedEnvironment:
    """Make `copies` copies of a plugin's environment. This function and the methods of its result raise PluginCodeError.

    The result has the methods of every further protocol that the environment implements. The environment of a masked task must
    tell the legal actions.
    """
    with plugin_code(f"environment of {spec.name}", "an environment that can be made", place_of(make)):
        inner = make(copies)
    kinds = tuple(guard for protocol, guard in _FURTHER if isinstance(inner, protocol))
    guard: _Guard = type("Guarded", (*kinds, _Guard), {})(spec, inner, copies)
    if spec.masked and not isinstance(inner, MaskedEnvironment):
        raise guard.wrong("legal", "masked=True", "no method `legal`", "a method that returns the legal actions")
    return guard


class _Guard:
    """A plugin's environment, with errors that name the plugin."""

    def __init__(self, spec: TaskSpec, inner: Any, copies: int) -> None:
        self.spec, self._inner, self._copies = spec, inner, copies
        self._name = f"environment of {spec.name}"
        self._place = place_of(type(inner.single if isinstance(inner, OneByOne) else inner))
        self._over = np.zeros(copies, np.bool_)

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator."""
        with plugin_code(f"{self._name}, reset", "observations", self._place):
            self._over[:] = False
            return self._observations(self._inner.reset(generators), "reset")

    def step(self, actions: FloatArray) -> Transition:
        """Advance all copies."""
        with plugin_code(f"{self._name}, step", "a Transition of observations, rewards and done", self._place):
            observations, rewards, done = self._inner.step(actions)
            rewards, done = np.asarray(rewards), np.asarray(done)
            self._require(rewards, "step", "rewards", (self._copies, self.spec.n_agents))
            self._require_flags(done, "step", "done")
            self._over |= done
            return Transition(self._observations(observations, "step"), rewards, done)

    def wrong(self, method: str, key: str, found: str, expected: str) -> PluginCodeError:
        """Make the error of a method that returned something wrong."""
        hint = None if self._place is None else f"in the plugin: {self._place}"
        return PluginCodeError(
            Problem(f"{self._name}, {method}", key=key, found=found, expected=expected, hint=hint), self._place
        )

    def _observations(self, values: object, method: str) -> FloatArray:
        found = np.asarray(values)
        self._require(found, method, "observations", (self._copies, self.spec.n_agents, self.spec.obs_dim))
        return found

    def _require(self, values: NDArray[Any], method: str, key: str, shape: tuple[int, ...]) -> None:
        if values.shape != shape or values.dtype.kind not in "iuf":
            raise self.wrong(method, key, f"{values.dtype} {values.shape}", f"numbers of shape {shape}")
        if not np.isfinite(values).all():
            raise self.wrong(method, key, "NaN or infinite numbers", "finite numbers")

    def _require_flags(self, values: NDArray[Any], method: str, key: str) -> None:
        if values.shape != (self._copies,) or values.dtype.kind != "b":
            raise self.wrong(method, key, f"{values.dtype} {values.shape}", f"bool ({self._copies},)")


class _Recoverable(_Guard):
    """The same for an environment whose state can be recovered from observations."""

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the observed state."""
        with plugin_code(f"{self._name}, recover", "flags, one for each copy", self._place):
            recovered: NDArray[np.bool_] = self._inner.recover(observations)
            return recovered


class _Masked(_Guard):
    """The same for an environment that tells the legal actions."""

    def legal(self) -> NDArray[np.uint8]:
        """Return (E, N, A): 1 for an action that is legal now, 0 for another."""
        with plugin_code(f"{self._name}, legal", "legal actions", self._place):
            legal, spec = np.asarray(self._inner.legal()), self.spec
            if legal.dtype.kind == "b":
                legal = legal.astype(np.uint8)
            self._require(legal, "legal", "legal actions", (self._copies, spec.n_agents, spec.action_dim))
            if not np.isin(legal, (0, 1)).all():
                raise self.wrong("legal", "legal actions", "values other than 0 and 1", "1 for a legal action, else 0")
            if not legal[~self._over].any(axis=-1).all():
                raise self.wrong("legal", "legal actions", "an agent without any", "at least one for every agent")
            return legal.astype(np.uint8)


class _Winnable(_Guard):
    """The same for an environment whose episodes are won or lost."""

    def won(self) -> NDArray[np.bool_]:
        """Tell which copies (E,) have won their episode by now."""
        with plugin_code(f"{self._name}, won", "flags, one for each copy", self._place):
            won = np.asarray(self._inner.won())
            self._require_flags(won, "won", "won")
            return won


class _Stateful(_Guard):
    """The same for an environment that shows its state."""

    def states(self) -> FloatArray:
        """Return the present states (E, S)."""
        with plugin_code(f"{self._name}, states", "states", self._place):
            states = np.asarray(self._inner.states())
            self._require(states, "states", "states", (self._copies, self.spec.state_dim))
            return states


_FURTHER: tuple[tuple[type, type[_Guard]], ...] = (
    (RecoverableEnvironment, _Recoverable),
    (MaskedEnvironment, _Masked),
    (WinnableEnvironment, _Winnable),
    (StatefulEnvironment, _Stateful),
)
"""Further protocols that an environment may implement, and the guard's methods for each."""
