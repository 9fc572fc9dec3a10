"""Small points, datasets and batches for the trainer's tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    Decomposition,
    Extraction,
    ValueLearning,
)
from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.lanes import LaneMap
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.task import ReturnScale, TaskSpec
from tests.builders import design_point

SPEC = TaskSpec("simple_spread", n_agents=3, obs_dim=18, action_dim=2, state_dim=54, horizon=25)
MASKED = TaskSpec(
    "battle", n_agents=3, obs_dim=5, action_dim=9, state_dim=7, horizon=25, discrete=True, action_low=0.0, masked=True
)
"""A task with illegal actions, which has no environment."""
DESIGNS = [
    (d, v, e)
    for d in Decomposition.members()
    for v in ValueLearning.members()
    for e in Extraction.members()
    if e.works_under(v)
]
ALPHAS = {Extraction.BRAC: (0.1, 1.0), Extraction.AWR: (1.0, 3.0), Extraction.FLOW: (0.1, 1.0)}
"""Two temperatures of the extractions that have one"""


def point(
    decomposition: Decomposition = Decomposition.MIX,
    value_learning: ValueLearning = ValueLearning.SARSA,
    extraction: Extraction = Extraction.BRAC,
    **changes: object,
) -> DesignPoint:
    """A tiny run on simple_spread."""
    base = design_point(
        dataset_size=500,
        decomposition=decomposition,
        value_learning=value_learning,
        tau=0.8 if value_learning.has_expectile else None,
        regularisation=3.0 if value_learning.has_regularisation else None,
        extraction=extraction,
        alpha=(0.3 if extraction.climbs_critic else 3.0) if extraction.has_alpha else None,
        critic_norm=decomposition.critic_norms[0],
        steps=20,
        hidden=(16, 16),
        diagnostics_every=5,
        divergence_bound=1e8,
        mixer_embed=4,
        mixer_hidden=8,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def family(decomposition: Decomposition, value_learning: ValueLearning, seeds: Sequence[int] = (0, 1)) -> list[DesignPoint]:
    """Runs of one pack: every extraction, two alphas each and two actor norms of one, for each seed."""
    settings: list[dict[str, float]] = [{}]
    if value_learning.has_expectile:
        settings = [{"tau": 0.7}, {"tau": 0.9}]
    if value_learning.has_regularisation:
        settings = [{"regularisation": 1.0}, {"regularisation": 10.0}]
    return [
        point(decomposition, value_learning, extraction, alpha=alpha, seed=seed, actor_norm=norm, **own)
        for seed in seeds
        for own in settings
        for extraction in Extraction.members()
        if extraction.works_under(value_learning)
        for alpha in ALPHAS.get(extraction, (None,))
        for norm in ((ActorNorm.ABSMEAN, ActorNorm.NONE) if alpha == 1.0 else (ActorNorm.ABSMEAN,))
    ]


def batch(seeds: Sequence[int], step: int, size: int = 8, spec: TaskSpec = SPEC) -> Batch:
    """A random batch per seed, a function of seed and step."""

    def one(seed: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng([seed, step])
        agents, obs, action = spec.n_agents, spec.obs_dim, spec.action_dim
        return {
            "obs": rng.normal(size=(size, agents, obs)),
            "actions": rng.uniform(-1, 1, (size, agents, action)),
            "rewards": rng.normal(size=(size, agents)),
            "mask": (rng.random(size) > 0.2).astype(float),
            "next_obs": rng.normal(size=(size, agents, obs)),
            "next_actions": rng.uniform(-1, 1, (size, agents, action)),
            "state": rng.normal(size=(size, spec.state_dim)),
            "next_state": rng.normal(size=(size, spec.state_dim)),
            "flow_start": rng.normal(size=(size, agents, action)),
            "flow_time": rng.random((size, agents)),
            "flow_noise": rng.normal(size=(size, agents, action)),
            "flow_next_noise": rng.normal(size=(size, agents, action)),
        }

    drawn = [one(seed) for seed in seeds]
    return Batch(**{name: torch.from_numpy(np.stack([b[name] for b in drawn])) for name in drawn[0]})


def masked_batch(seeds: Sequence[int], step: int, size: int = 8, spec: TaskSpec = MASKED) -> Batch:
    """A random batch per seed of a masked task: about half of the actions are legal, and every stored action is."""

    def legal(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        shape = size, spec.n_agents, spec.action_dim
        taken = np.eye(spec.action_dim)[rng.integers(0, spec.action_dim, shape[:2])]
        return torch.from_numpy(taken), torch.from_numpy(((rng.random(shape) < 0.5) | (taken > 0)).astype(np.uint8))

    plain = batch(seeds, step, size, spec)
    drawn = [[legal(np.random.default_rng([seed, step, part])) for seed in seeds] for part in (0, 1)]
    (actions, legals), (next_actions, next_legals) = (map(torch.stack, zip(*part, strict=True)) for part in drawn)
    return plain._replace(actions=actions, legals=legals, next_actions=next_actions, next_legals=next_legals)


def learner(points: Sequence[DesignPoint], kernels: Kernels = EAGER, spec: TaskSpec = SPEC) -> Learner:
    """A learner of these runs."""
    bound = points[0].divergence_bound
    assert not isinstance(bound, str), "a learner without data has no bound that follows from them"
    return Learner(spec, LearnerConfig.of(points[0], kernels, bound), LaneMap.of(points))


def trained(points: Sequence[DesignPoint], steps: int, kernels: Kernels = EAGER) -> Learner:
    """A learner of these runs after some steps on random batches."""
    built = learner(points, kernels)
    for step in range(steps):
        built.step(batch(built.lanes.seeds, step))
    return built


def actor_row(built: Learner, lane: int) -> torch.Tensor:
    """The actor's parameters of a lane, as a view."""
    own = built.models.actors.of(lane)
    return own.stack.flat[own.row]


def dataset(rows: int = 200) -> Dataset:
    """Random data in the shape of simple_spread, in memory."""
    rng = np.random.default_rng(7)

    def column(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))

    index = torch.arange(rows)
    return Dataset(
        spec=SPEC,
        scale=ReturnScale(0.0, 100.0),
        observations=column(rows, SPEC.n_agents, SPEC.obs_dim),
        actions=column(rows, SPEC.n_agents, SPEC.action_dim).clamp(-1, 1),
        rewards=column(rows, SPEC.n_agents),
        states=None,
        rows=index,
        next_rows=(index + 1).clamp(max=rows - 1),
        mask=((index + 1) % 25 != 0).to(torch.float32),
        content_hash="0" * 64,
    )
