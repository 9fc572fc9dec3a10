"""Measures behaviour cloning once per home-made dataset, with this package's own trainer: AWR at the alpha that is cloning.

The networks are small and the training is short. So the numbers say what such networks imitate in that time. Cloning can
reach more.
"""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    Keep,
    Precision,
    Source,
    ValueLearning,
)
from recipe_sweep.trainers.data.catalogue import ensure_dataset
from recipe_sweep.trainers.reference_policies import has_long_episodes
from recipe_sweep.trainers.reference_table import Kind, Reference
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.train import train_pack

SEEDS = (0, 1, 2, 3)
STEPS = 4_000
EPISODES = 10
"""Episodes that each seed's clone plays after its last step, where episodes are long"""
SHORT_EPISODES = 100
"""The same where episodes are short"""


def measure_clone(task: str, dataset: str, transitions: int) -> Reference:
    """Train clones of a home-made dataset of seed 0, one per seed; return the mean and its standard error over seeds."""
    episodes = EPISODES if has_long_episodes(task) else SHORT_EPISODES
    points = [clone_point(task, dataset, transitions, seed, episodes) for seed in SEEDS]
    with TemporaryDirectory() as place:
        root = Path(place)
        ensure_dataset(points[0], root)
        request = TrainRequest(points, root, data_hash=None, checkpoint_dir=root / "checkpoints", keep=Keep.NONE)
        returns = np.array([result.curve[-1].return_mean for result in train_pack(request).results])
    error = float(returns.std(ddof=1)) / math.sqrt(len(SEEDS))
    count = episodes * len(SEEDS)
    version = points[0].dataset_version
    return Reference(task, Source.HOMEGROWN, dataset, Kind.CLONING, float(returns.mean()), error, count, version)


def clone_point(task: str, dataset: str, transitions: int, seed: int, episodes: int) -> DesignPoint:
    """Make the run of one clone. Its values are never read, so they are the cheapest."""
    alpha = Extraction.AWR.cloning_alpha
    assert alpha is not None
    return DesignPoint(
        task=task,
        source=Source.HOMEGROWN,
        dataset=dataset,
        dataset_version=TASKS[task].version(Source.HOMEGROWN, dataset),
        dataset_seed=0,
        dataset_size=transitions,
        decomposition=Decomposition.DEC,
        value_learning=ValueLearning.SARSA,
        tau=None,
        extraction=Extraction.AWR,
        alpha=alpha,
        critic_norm=CriticNorm.NONE,
        actor_norm=ActorNorm.ABSMEAN,
        seed=seed,
        steps=STEPS,
        batch=64,
        hidden=(64, 64),
        lr=3e-3,
        gamma=0.99,
        polyak=0.005,
        eval_every=STEPS,
        eval_episodes=episodes,
        diagnostics_every=STEPS,
        divergence_bound=None,
        precision=Precision.FLOAT32,
    )
