"""Noise of the extraction `flow`. Every number is a function of the run's seed, and of the step, episode and time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import TaskSpec


class StepNoise(NamedTuple):
    """Noise of one step of one seed: standard normal, and times from 0 (included) to 1 (not included)."""

    start: NDArray[np.float64]
    """(B, N, A): where the flow's training begins"""
    time: NDArray[np.float64]
    """(B, N)"""
    now: NDArray[np.float64]
    """(B, N, A): what the policy reads at the observations"""
    next: NDArray[np.float64]
    """(B, N, A): the same at the next observations"""


def step_noise(seed: int, step: int, batch: int, spec: TaskSpec) -> StepNoise:
    """Draw the noise of gradient step number `step` (from 0). Runs of one seed share it."""
    rng, shape = generator(seed, "flow", step), (batch, spec.n_agents, spec.action_dim)
    now, later, start = (rng.standard_normal(shape) for _ in range(3))
    return StepNoise(start, rng.random(shape[:2], dtype=np.float32).astype(np.float64), now, later)


class EvaluationNoise:
    """Noise of one evaluation, (L, episodes, N, A) for every time step; each call is the next one.

    `seeds` has None for lanes whose policies read none. They get zeros. So do all lanes of a discrete task.
    """

    def __init__(self, seeds: Sequence[int | None], step: int, episodes: int, spec: TaskSpec) -> None:
        self._seeds = [None if spec.discrete else seed for seed in seeds]
        self._step, self._shape, self._times = step, (episodes, spec.n_agents, spec.action_dim), itertools.count()

    def __call__(self) -> Tensor:
        """Draw the noise of the next time step, in float64."""
        time, nothing = next(self._times), np.zeros(self._shape)
        drawn = {seed: self._drawn(seed, time) for seed in dict.fromkeys(self._seeds) if seed is not None}
        return torch.from_numpy(np.stack([nothing if seed is None else drawn[seed] for seed in self._seeds]))

    def _drawn(self, seed: int, time: int) -> NDArray[np.float64]:
        episodes, *own = self._shape
        names = ((seed, "flow evaluation", self._step, episode, time) for episode in range(episodes))
        return np.stack([generator(*name).standard_normal(own) for name in names])
