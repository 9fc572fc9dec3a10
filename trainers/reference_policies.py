"""Measures what policies return that learn nothing, to compare scores with: zero actions, uniform actions, what made the data.

They are measured once for each version of a task's data, by `python scripts/reference_policies.py`. `reference_table.py` reads
them. A test fails if a version has no row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.homegrown.makers import make_columns
from recipe_sweep.trainers.data.inventory import homegrown_identities
from recipe_sweep.trainers.data.published.tasks import PUBLISHED, PublishedTask
from recipe_sweep.trainers.data.stored.collect import unheard
from recipe_sweep.trainers.data.stored.columns import episode_returns
from recipe_sweep.trainers.environments.registry import is_playable, make_environment, task_spec
from recipe_sweep.trainers.evaluation import played
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.reference_table import Kind, Reference
from recipe_sweep.trainers.task import FloatArray, TaskSpec

SEED = 0
"""Seed of the measured episodes, and of the datasets."""
EPISODES_AT_ONCE = 100
"""Episodes that are stepped side by side. The number affects speed and memory only."""
LONG = 500
"""Steps from which on an episode is long."""


class Effort(NamedTuple):
    """How much is measured of a task: episodes of each policy, and transitions of each dataset."""

    episodes: int
    transitions: int


def effort_of(task: str) -> Effort:
    """Choose how much to measure of a task: less if its episodes are long, because they are MuJoCo's and slow."""
    return Effort(100, 50_000) if has_long_episodes(task) else Effort(4_000, 100_000)


def has_long_episodes(task: str) -> bool:
    """Say whether a task's episodes are so long that few of them can be measured."""
    return task_spec(task).horizon >= LONG


def measure(task: str) -> tuple[Reference, ...]:
    """Measure every reference of a task: each policy in each source's version, and each home-made dataset.

    The environment is the same for all sources, so zero and uniform actions are played once. Repeated, it gives the same bits.
    A task that cannot be played here has the published numbers of its datasets alone.
    """
    if not is_playable(task):
        return tuple(_published(PUBLISHED[task]))
    effort, entry = effort_of(task), TASKS[task]
    found = [(kind, play(task, act, effort.episodes)) for kind, act in _ACTS.items()]
    rows = [_reference(task, source, "", kind, returns) for source in entry.datasets for kind, returns in found]
    for dataset in entry.datasets.get(Source.HOMEGROWN, ()):
        rows.append(_reference(task, Source.HOMEGROWN, dataset, Kind.BEHAVIOUR, _made(task, dataset, effort.transitions)))
    return of_each_version(rows)


def _published(entry: PublishedTask) -> Iterator[Reference]:
    """Yield what the policies behind published datasets returned, by the authors' data card."""
    for uid, facts in entry.datasets.items():
        identity, error = entry.identity(uid), facts.std / math.sqrt(facts.episodes)
        yield Reference(
            entry.task,
            identity.source,
            identity.dataset,
            Kind.BEHAVIOUR,
            facts.mean,
            error,
            facts.episodes,
            identity.dataset_version,
        )


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
    generators = [generator(SEED, "reference", episode) for episode in episodes]
    outputs, returns = _outputs(spec, act, generators), np.zeros(len(episodes))
    for moment in played(lambda _: next(outputs), make_environment(spec.name, len(episodes)), generators):
        returns += moment.rewards
    return returns


def _outputs(spec: TaskSpec, act: Act, generators: Sequence[np.random.Generator]) -> Iterator[FloatArray]:
    """Yield the outputs (E, N, A) of each step. They are drawn at the first step, because the starts are drawn before."""
    yield from np.stack([act(spec, drawn) for drawn in generators], axis=1)


def _made(task: str, dataset: str, transitions: int) -> NDArray[np.float64]:
    """Make a dataset in memory; return its episodes' returns."""
    [identity] = homegrown_identities(task, [dataset], transitions, SEED)
    columns = make_columns(identity, unheard)
    return episode_returns(columns.rewards, columns.terminals)


def _reference(task: str, source: Source, dataset: str, kind: Kind, returns: NDArray[np.float64]) -> Reference:
    error = float(returns.std(ddof=1)) / math.sqrt(len(returns))
    version = TASKS[task].version(source, dataset)
    return Reference(task, source, dataset, kind, float(returns.mean()), error, len(returns), version)
