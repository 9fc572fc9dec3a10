"""Builds design points for tests: one base, and what each field is where a test does not say."""

from __future__ import annotations

import dataclasses
from typing import Any

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    Precision,
    Source,
    ValueLearning,
)

BASE = DesignPoint(
    task="simple_spread",
    source=Source.HOMEGROWN,
    dataset="expert",
    dataset_version="1",
    dataset_seed=0,
    dataset_size=100,
    decomposition=Decomposition.VDN,
    value_learning=ValueLearning.TD,
    tau=None,
    extraction=Extraction.BRAC,
    alpha=1.0,
    critic_norm=CriticNorm.NONE,
    actor_norm=ActorNorm.ABSMEAN,
    seed=0,
    steps=10,
    batch=8,
    hidden=(8,),
    lr=3e-4,
    gamma=0.99,
    polyak=0.005,
    eval_every=10,
    eval_episodes=2,
    diagnostics_every=10,
    divergence_bound=None,
    precision=Precision.FLOAT64,
)


def design_point(**changes: Any) -> DesignPoint:
    """Build a point: a run of seconds on home-made data of simple_spread, with some fields changed."""
    return dataclasses.replace(BASE, **changes)
