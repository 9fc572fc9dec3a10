"""Collection of columns in masked environments: episodes of any length, with their states and legal actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.environments.registry import make_environment, task_spec
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import FloatArray, MaskedEnvironment, StatefulEnvironment

EPISODES_AT_ONCE = 200
"""Most episodes that are stepped side by side. The number affects speed and memory only."""


class MaskedAct(Protocol):
    """A behaviour in the middle of its episodes."""

    def __call__(self, time: int, observations: FloatArray, legals: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Choose the numbers of legal actions (E, N) for observations (E, N, O) and legal actions (E, N, A)."""
        ...


class MaskedBehaviour(Protocol):
    """A way to act, which starts afresh in every episode."""

    def begin(self, generators: Sequence[np.random.Generator]) -> MaskedAct:
        """Start one episode per generator. All random numbers of an episode come from its generator."""
        ...


@runtime_checkable
class CollectedEnvironment(MaskedEnvironment, StatefulEnvironment, Protocol):
    """An environment that shows all that a masked task's data have."""


class _Step(NamedTuple):
    """One step of E episodes."""

    observations: FloatArray
    actions: NDArray[np.intp]
    rewards: FloatArray
    done: NDArray[np.bool_]
    states: FloatArray
    legals: NDArray[np.uint8]


def collect_masked(
    environment: str,
    behaviour: MaskedBehaviour,
    stream: Sequence[str | int],
    seed: int,
    transitions: int,
    progress: Progress = unheard,
) -> Columns:
    """Play whole episodes until they have at least `transitions` rows.

    Start and behaviour of episode e are drawn from (seed, *stream, e) alone. So a longer collection begins with the shorter
    one, byte for byte.
    """
    episodes: list[Columns] = []
    rows = 0
    while rows < transitions:
        usual = max(rows // len(episodes), 1) if episodes else task_spec(environment).horizon
        count = min(-(-(transitions - rows) // usual), EPISODES_AT_ONCE)
        first = len(episodes)
        generators = [generator(seed, *stream, first + number) for number in range(count)]
        for episode in _play(environment, behaviour, generators):
            if rows < transitions:
                episodes.append(episode)
                rows += len(episode.terminals)
        progress(min(rows, transitions), transitions)
    return Columns(*(np.concatenate(column) for column in zip(*episodes, strict=True)))


def _play(name: str, behaviour: MaskedBehaviour, generators: Sequence[np.random.Generator]) -> Iterator[Columns]:
    """Play one episode per generator, side by side."""
    environment = make_environment(name, len(generators))
    assert isinstance(environment, CollectedEnvironment), f"{name} shows no legal actions or no states"
    seen = environment.reset(generators)
    act = behaviour.begin(generators)
    steps: list[_Step] = []
    lengths = np.zeros(len(generators), np.int64)
    while not lengths.all():
        legals, states = environment.legal(), environment.states()
        actions = act(len(steps), seen, legals)
        after, rewards, done = environment.step(np.eye(environment.spec.action_dim)[actions])
        steps.append(_Step(seen.astype(np.float32), actions, rewards, done, states.astype(np.float32), legals))
        lengths[done & (lengths == 0)] = len(steps)
        seen = after
    for copy, length in enumerate(lengths.tolist()):
        yield _episode(steps[:length], copy)


def _episode(steps: Sequence[_Step], copy: int) -> Columns:
    """Take the rows of one episode, in the types in which they are stored."""
    observations, actions, rewards, done, states, legals = (
        np.array([values[copy] for values in column]) for column in zip(*steps, strict=True)
    )
    return Columns(observations, actions.astype(np.uint8), rewards.astype(np.float32), done, states, legals)
