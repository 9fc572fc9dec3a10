"""Plays the last evaluation of a finished run again, from its kept weights, and records one of its episodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.evaluation import Moment, acts_on, evaluation_start, played
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.task import FloatArray, TaskSpec
from recipe_sweep.trainers.values import kept_policy

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Trained:
    """A finished run: its point, and its weights by name."""

    point: DesignPoint
    weights: Mapping[str, Tensor]

    @property
    def kernels(self) -> Kernels:
        """The kernels with which the run was evaluated, because they change roundings."""
        return Kernels.choose(_CPU, self.point.precision)


@dataclass(frozen=True)
class Episode:
    """One episode of T steps, as evaluation `step` of a seed played it. `number` counts the evaluation's episodes from 0."""

    spec: TaskSpec
    seed: int
    step: int
    number: int
    observations: FloatArray
    """(T + 1, N, O): the first before any step, the last after all"""
    actions: FloatArray
    """(T, N, A): as executed"""
    rewards: NDArray[np.float64]
    """(T,): mean over the agents"""

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.rewards)

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """The return so far, (T + 1,), which begins with 0."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])

    def start(self) -> np.random.Generator:
        """Make the generator that its start was drawn from."""
        return evaluation_start(self.seed, self.step, self.number)


class PlayedEvaluation(NamedTuple):
    """A whole evaluation, and one of its episodes step by step."""

    returns: NDArray[np.float64]
    """(episodes,)"""
    episode: Episode


def play_evaluation(trained: Trained, number: int) -> PlayedEvaluation:
    """Play the run's last evaluation as it was trained, all episodes side by side, and record episode `number`.

    The starts are those of the evaluation. So the mean return is the recorded one on the same kind of machine.
    Raises UserInputError for a number that it has not.
    """
    point, episodes = trained.point, trained.point.episodes_at_the_end
    if not 0 <= number < episodes:
        expected = f"0 to {episodes - 1}, because the run's last evaluation has {counted(episodes, 'episode')}"
        raise UserInputError(Problem("--episode", found=str(number), expected=expected))
    environment = make_environment(point.environment, episodes, threads=torch.get_num_threads())
    spec = environment.spec
    policy = kept_policy(point, trained.weights, spec, trained.kernels)
    starts = [evaluation_start(point.seed, point.steps, episode) for episode in range(episodes)]
    returns, moments = np.zeros(episodes), list[Moment]()
    for moment in played(acts_on(policy, 1, _CPU, torch.float64), environment, starts):
        returns += moment.rewards
        if moment.running[number]:
            moments.append(_row(moment, number))
    return PlayedEvaluation(returns, _joined(spec, point, number, moments))


def _row(moment: Moment, number: int) -> Moment:
    return Moment(*(np.array(values[number]) for values in moment))


def _joined(spec: TaskSpec, point: DesignPoint, number: int, moments: list[Moment]) -> Episode:
    return Episode(
        spec,
        point.seed,
        point.steps,
        number,
        observations=np.array([*(moment.observations for moment in moments), moments[-1].after]),
        actions=np.array([moment.actions for moment in moments]),
        rewards=np.array([moment.rewards for moment in moments]),
    )
