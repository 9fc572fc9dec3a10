"""Measures what policies return that learn nothing, to compare scores with: zero actions, uniform actions, what made the data.

They are measured once for each version of a task's data, by `python scripts/reference_policies.py`. `reference_table.py` reads
them. A test fails if a version has no row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.homegrown.makers import make_columns
from recipe_sweep.trainers.data.stored.card import Identity
from recipe_sweep.trainers.data.stored.collect import unheard
from recipe_sweep.trainers.data.stored.columns import episode_returns
from recipe_sweep.trainers.environments.registry import make_environment, task_spec
from recipe_sweep.trainers.environments.sums import mean_over_agents
from recipe_sweep.trainers.policies.registry import policy_of
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.reference_table import Kind, Reference
from recipe_sweep.trainers.task import FloatArray, TaskSpec

SEED = 0
"""Seed of the measured episodes, and of the datasets."""
EPISODES_AT_ONCE = 100
"""Episodes that are stepped side by side. The number affects speed and memory only."""
LONG = 100
"""Steps from which on an episode is long."""


class Effort(NamedTuple):
    """How much is measured of a task: episodes of each policy, and transitions of each dataset."""

    episodes: int
    transitions: int


def effort_of(task: str) -> Effort:
    """Choose how much to measure of a task: less if its episodes are long, because they are MuJoCo's and slow."""
    horizon = task_spec(task).horizon
    return Effort(100, 50_000) if horizon >= LONG else Effort(4_000, 100_000)


def measure(task: str) -> tuple[Reference, ...]:
    """Measure every reference of a task: each policy in each source's version, and each home-made dataset.

    The environment is the same for all sources, so zero and uniform actions are played once. Repeated, it gives the same bits.
    """
    effort, entry = effort_of(task), TASKS[task]
    played = [(kind, play(task, act, effort.episodes)) for kind, act in _ACTS.items()]
    rows = [_reference(task, source, "", kind, returns) for source in entry.datasets for kind, returns in played]
    for dataset in entry.datasets.get(Source.HOMEGROWN, ()):
        rows.append(_reference(task, Source.HOMEGROWN, dataset, Kind.BEHAVIOUR, _made(task, dataset, effort.transitions)))
    return of_each_version(rows)


def of_each_version(rows: Sequence[Reference]) -> tuple[Reference, ...]:
    """Repeat rows for the versions that they lack. Versions of one source have the same bytes, so policies return the same."""
    had = {(*row[:4], row.version) for row in rows}
    found = list(rows)
    for row in rows:
        for version in TASKS[row.task].known(row.source):
            if (*row[:4], version) not in had:
                had.add((*row[:4], version))
                found.append(row._replace(version=version))
    return tuple(sorted(found, key=lambda row: TASKS[row.task].known(row.source).index(row.version)))


def play(task: str, act: Act, episodes: int) -> NDArray[np.float64]:
    """Play episodes of a policy without a state; return their returns (episodes,): sums of the mean reward of the agents.

    Start and actions of episode e are drawn from (SEED, "reference", e) alone.
    """
    spec = task_spec(task)
    return np.concatenate([
        _play(spec, act, range(first, min(first + EPISODES_AT_ONCE, episodes)))
        for first in range(0, episodes, EPISODES_AT_ONCE)
    ])  # fmt: skip


Act = Callable[[TaskSpec, np.random.Generator], FloatArray]
"""Draws what a policy does in one episode: outputs (T, N, A), which the task's policy turns into actions."""


def zero(spec: TaskSpec, drawn: np.random.Generator) -> FloatArray:
    """Do nothing. In a task with discrete actions this is the first action."""
    return np.zeros((spec.horizon, spec.n_agents, spec.action_dim))


def uniform(spec: TaskSpec, drawn: np.random.Generator) -> FloatArray:
    """Draw every component within the task's bounds. With discrete actions, every action is equally likely."""
    return drawn.uniform(spec.action_low, spec.action_high, (spec.horizon, spec.n_agents, spec.action_dim))


_ACTS: dict[Kind, Act] = {Kind.ZERO: zero, Kind.UNIFORM: uniform}


def _play(spec: TaskSpec, act: Act, episodes: range) -> NDArray[np.float64]:
    environment, policy = make_environment(spec.name, len(episodes)), policy_of(spec)
    generators = [generator(SEED, "reference", episode) for episode in episodes]
    environment.reset(generators)
    chosen = policy.executable(np.stack([act(spec, drawn) for drawn in generators], axis=1), None)
    returns, running = np.zeros(len(episodes)), np.ones(len(episodes), np.bool_)
    for actions in chosen:
        _, rewards, done = environment.step(actions)
        returns += np.where(running, mean_over_agents(rewards), 0.0)
        running &= ~done
        if not running.any():
            break
    return returns


def _made(task: str, dataset: str, transitions: int) -> NDArray[np.float64]:
    """Make a dataset in memory; return its episodes' returns."""
    columns = make_columns(
        Identity(
            task=task,
            source=Source.HOMEGROWN,
            dataset=dataset,
            dataset_version=TASKS[task].version(Source.HOMEGROWN, dataset),
            dataset_seed=SEED,
            dataset_size=transitions,
        ),
        unheard,
    )
    return episode_returns(columns.rewards, columns.terminals)


def _reference(task: str, source: Source, dataset: str, kind: Kind, returns: NDArray[np.float64]) -> Reference:
    error = float(returns.std(ddof=1)) / math.sqrt(len(returns))
    version = TASKS[task].version(source, dataset)
    return Reference(task, source, dataset, kind, float(returns.mean()), error, len(returns), version)
