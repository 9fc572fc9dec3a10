"""Datasets that this project makes itself, so they are available on any machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.errors import MissingDataError
from recipe_sweep.trainers.data.homegrown.driven import collect_driven, drivers_of
from recipe_sweep.trainers.data.homegrown.enumerated import uniform_columns
from recipe_sweep.trainers.data.homegrown.scripted import SPREAD_BEHAVIOURS
from recipe_sweep.trainers.data.homegrown.scripted_battle import BATTLE_BEHAVIOURS
from recipe_sweep.trainers.data.stored.card import Declared
from recipe_sweep.trainers.data.stored.collect import Progress, collect
from recipe_sweep.trainers.data.stored.collect_masked import MaskedBehaviour, collect_masked
from recipe_sweep.trainers.data.stored.columns import Columns, episode_returns
from recipe_sweep.trainers.environments import spread, two_step
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS, MujocoTask
from recipe_sweep.trainers.task import ReturnScale

LICENCE = "Made by recipe-sweep from its own environments, Apache-2.0 like the software. Not the published data."
SCALE_EPISODES = 4000


class Asked(NamedTuple):
    """What is to be made: at least `transitions` transitions of a quality, from a seed."""

    environment: str
    """name of the environment, which may differ from the task's: see DesignPoint.environment"""
    quality: str
    seed: int
    transitions: int


Maker = Callable[[Asked, Progress], Columns]


def make_columns(point: Declared, progress: Progress) -> Columns:
    """Make the point's home-made dataset. The same point gives the same bytes.

    Raises MissingDataError for a task, quality or version that is not made here.
    """
    problems = tuple(_problems(point))
    if problems or point.dataset_seed is None or point.dataset_size is None:
        raise MissingDataError(*problems)
    asked = Asked(point.environment, point.dataset, point.dataset_seed, point.dataset_size)
    return _MAKERS[point.task](asked, progress)


def measure_spread_scale() -> ReturnScale:
    """Measure mean returns of `random` and `expert` over 4,000 episodes each: the paper's rule (C.2) on home-made data."""
    means = []
    for quality in ("random", "expert"):
        played = collect("simple_spread", SPREAD_BEHAVIOURS[quality], ("scale", quality), 0, SCALE_EPISODES)
        means.append(float(episode_returns(played.rewards, played.terminals).mean()))
    return ReturnScale(*means)


def _make_spread(asked: Asked, progress: Progress) -> Columns:
    episodes = -(-asked.transitions // spread.SPEC.horizon)
    behaviour, stream = SPREAD_BEHAVIOURS[asked.quality], ("data", asked.quality)
    return collect(spread.SPEC.name, behaviour, stream, asked.seed, episodes, progress)


def _make_two_step(asked: Asked, progress: Progress) -> Columns:
    return uniform_columns(asked.transitions)


def _driven(task: MujocoTask) -> Maker:
    def make(asked: Asked, progress: Progress) -> Columns:
        drivers, stream = drivers_of(task, asked.quality), ("data", task.spec.name)
        return collect_driven(task, drivers, stream, asked.seed, asked.transitions, progress)

    return make


def _fought(behaviours: Mapping[str, MaskedBehaviour]) -> Maker:
    def make(asked: Asked, progress: Progress) -> Columns:
        stream = ("data", asked.environment, asked.quality)
        behaviour = behaviours[asked.quality]
        return collect_masked(asked.environment, behaviour, stream, asked.seed, asked.transitions, progress)

    return make


_MAKERS: dict[str, Maker] = {
    spread.SPEC.name: _make_spread,
    two_step.SPEC.name: _make_two_step,
    **{name: _driven(task) for name, task in MUJOCO_TASKS.items()},
    **{name: _fought(behaviours) for name, behaviours in BATTLE_BEHAVIOURS.items()},
}


def _problems(point: Declared) -> Iterator[Problem]:
    """Yield every reason why this point's data cannot be made here."""
    if point.task not in _MAKERS:
        yield Problem(
            key="task", found=repr(point.task), expected=f"one of {', '.join(_MAKERS)}: only these have home-made data"
        )
        return
    entry = TASKS[point.task]
    if point.dataset not in entry.datasets[Source.HOMEGROWN]:
        known = ", ".join(entry.datasets[Source.HOMEGROWN])
        yield Problem(key="dataset", found=repr(point.dataset), expected=f"one of {known} for {point.task}")
    versions = entry.known(Source.HOMEGROWN)
    if point.dataset_version not in versions:
        yield Problem(
            key="dataset_version",
            found=repr(point.dataset_version),
            expected=f"{' or '.join(map(repr, versions))}, which this release can make",
            hint="copy the data directory from where that version was made, or update the grid",
        )
    if point.dataset_seed is None:
        yield Problem(key="dataset_seed", found="none", expected="the seed that home-made data are drawn from")
    if point.dataset_size is None or point.dataset_size < 1:
        yield Problem(key="dataset_size", found=str(point.dataset_size), expected="a number of transitions, at least 1")
