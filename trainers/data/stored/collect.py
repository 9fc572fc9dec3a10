"""Collection of columns: a behaviour plays episodes in an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.environments.registry import make_environment, task_spec
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import FloatArray

Progress = Callable[[int, int], None]
"""Called from time to time with (transitions made, transitions in all)."""

EPISODES_AT_ONCE = 1000
"""Number of episodes that are stepped side by side. It affects speed and memory only."""


class Act(Protocol):
    """A behaviour in the middle of its episodes."""

    def __call__(self, time: int, observations: FloatArray) -> FloatArray:
        """Choose actions (E, N, A), within the task's bounds, at this time step for observations (E, N, O)."""
        ...


class Behaviour(Protocol):
    """A way to act, which starts afresh in every episode."""

    def begin(self, generators: Sequence[np.random.Generator]) -> Act:
        """Start one episode per generator. All random numbers of an episode come from its generator."""
        ...


def unheard(done: int, total: int) -> None:
    """Ignore the progress."""


def collect(
    task: str, behaviour: Behaviour, stream: Sequence[str | int], seed: int, episodes: int, progress: Progress = unheard
) -> Columns:
    """Play `episodes` full-length episodes of a continuous task whose state is the agents' observations.

    Start and behaviour of episode e are drawn from (seed, *stream, e) alone. So a longer collection begins with the shorter
    one, byte for byte. Actions are rounded to float32 before they are executed, so that the stored actions are exactly the
    executed ones.
    """
    spec = task_spec(task)
    agents, horizon = spec.n_agents, spec.horizon
    observations = np.empty((episodes, horizon, agents, spec.obs_dim), np.float32)
    actions = np.empty((episodes, horizon, agents, spec.action_dim), np.float32)
    rewards = np.empty((episodes, horizon, agents), np.float32)
    terminals = np.zeros((episodes, horizon), np.bool_)
    for first in range(0, episodes, EPISODES_AT_ONCE):
        chunk = slice(first, min(first + EPISODES_AT_ONCE, episodes))
        generators = [generator(seed, *stream, episode) for episode in range(chunk.start, chunk.stop)]
        environment = make_environment(task, len(generators))
        seen = environment.reset(generators)
        act = behaviour.begin(generators)
        for time in range(horizon):
            executed = act(time, seen).astype(np.float32)
            observations[chunk, time], actions[chunk, time] = seen, executed
            seen, rewards[chunk, time], terminals[chunk, time] = environment.step(executed)
        progress(chunk.stop * horizon, episodes * horizon)
    rows = episodes * horizon
    return Columns(
        observations.reshape(rows, agents, spec.obs_dim),
        actions.reshape(rows, agents, spec.action_dim),
        rewards.reshape(rows, agents),
        terminals.reshape(rows),
    )
