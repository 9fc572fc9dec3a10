"""Measurement of how fast this machine trains a pack: some gradient steps, an evaluation and a checkpoint, on random data."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.batch import agent_inputs
from recipe_sweep.trainers.cost import step_flops
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.evaluation import Executed, evaluate
from recipe_sweep.trainers.task import ReturnScale, TaskSpec
from recipe_sweep.trainers.train import PackTrainer

ROWS = 5_000
NEVER = 10**9
LEAST_STEPS = 3
"""Steps that are timed even if they take longer than the given seconds."""
LARGEST_STEP = 4e10
"""Most operations of a step: about a second on one processor. Fewer runs are timed in place of a larger pack."""


class StepTimes(NamedTuple):
    """Times of gradient steps of a pack."""

    lanes: int
    """Number of runs in the pack that was timed"""
    flops: float
    """Operations of one step of this pack"""
    steps: int
    """Number of steps that were timed"""
    first_s: float
    """Seconds of building the pack and of its first step, including what libraries do only once"""
    step_s: float
    """Mean seconds of a step"""
    cpu_s: float
    """Mean CPU-seconds of a step; far fewer than `step_s` if other work used the same processor"""


class EvaluationTimes(NamedTuple):
    """Seconds of one evaluation of a pack, with the checkpoint that follows it."""

    lanes: int
    episodes: int
    seconds: float
    checkpoint_s: float
    """the part that the checkpoint took"""


class Probe:
    """A pack on random data, whole or with fewer runs, ready to be timed."""

    def __init__(self, points: Sequence[DesignPoint], device: str, threads: int) -> None:
        begun = time.monotonic()
        self._device = device
        self._episodes = points[0].eval_episodes
        self._task = points[0].task
        few = [replace(point, steps=NEVER, eval_every=NEVER) for point in fewer(points)]
        self._trainer = PackTrainer(few, random_dataset(task_spec(self._task)), device=device, threads=threads)
        self._step()
        self._first_s = time.monotonic() - begun

    def steps(self, seconds: float) -> StepTimes:
        """Take steps for about `seconds` seconds."""
        begun, cpu, steps = time.monotonic(), time.process_time(), 0
        while steps < LEAST_STEPS or time.monotonic() - begun < seconds:
            self._step()
            steps += 1
        taken, cpu = time.monotonic() - begun, time.process_time() - cpu
        points = self._trainer.points
        return StepTimes(len(points), step_flops(points), steps, self._first_s, taken / steps, cpu / steps)

    def evaluation(self) -> EvaluationTimes:
        """Evaluate all lanes and save a checkpoint, as training does."""
        trainer, learner = self._trainer, self._trainer.learner

        def act(observations: Tensor) -> Tensor:
            return learner.act(agent_inputs(observations))

        seeds = [point.seed for point in trainer.points]
        actors = learner.models.actor.flat
        how = Executed(actors.device, actors.dtype, learner.config.kernels.threads)
        begun = time.monotonic()
        evaluate(act, self._task, seeds, 0, self._episodes, how)
        evaluated = time.monotonic()
        trainer.fetch()
        with tempfile.TemporaryDirectory() as directory:
            checkpoint.save(Path(directory), learner, trainer.history, pack_key="", data_hash="")
        ended = time.monotonic()
        return EvaluationTimes(len(seeds), self._episodes, ended - begun, ended - evaluated)

    def _step(self) -> None:
        self._trainer.advance()
        if self._device != "cpu":
            torch.cuda.synchronize()


def fewer(points: Sequence[DesignPoint], most: float = LARGEST_STEP) -> Sequence[DesignPoint]:
    """Take fewer runs of a pack (in order of seeds), so that one step has at most `most` operations; at least one run.

    Seeds are left out first, because the actors of one seed share critics as they do in the whole pack.
    """
    while len(points) > 1 and step_flops(points) > most:
        several = points[0].seed != points[-1].seed
        points = points[: len(points) // 2] if several else points[::2]
    return points


def random_dataset(spec: TaskSpec, rows: int = ROWS) -> Dataset:
    """Draw random transitions with the task's shapes."""
    rng = np.random.default_rng(0)

    def column(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))

    shape = rows, spec.n_agents, spec.action_dim
    numbers = torch.from_numpy(rng.integers(0, spec.action_dim, shape[:2], dtype=np.uint8)) if spec.masked else None
    index = torch.arange(rows)
    told = spec.state_dim == spec.n_agents * spec.obs_dim
    return Dataset(
        spec=spec,
        scale=ReturnScale(0.0, 1.0),
        observations=column(rows, spec.n_agents, spec.obs_dim),
        actions=column(*shape).clamp(-1, 1) if numbers is None else numbers,
        rewards=column(rows, spec.n_agents),
        states=None if told else column(rows, spec.state_dim),
        rows=index,
        next_rows=(index + 1).clamp(max=rows - 1),
        mask=((index + 1) % 100 != 0).to(torch.float32),
        content_hash="0" * 64,
        legals=torch.ones(shape, dtype=torch.uint8) if spec.masked else None,
    )
