"""Small grids and sweeps for the control plane's tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recipe_sweep.cluster.resources import Resources
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
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch import backoff
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store

if TYPE_CHECKING:
    from tests.sweep.buckets import Bucket
    from tests.sweep.travel.ways import Travelling


def make_point(**changes: object) -> DesignPoint:
    """A small spread point with some fields changed."""
    fields: dict[str, object] = {
        "task": "simple_spread",
        "source": Source.HOMEGROWN,
        "dataset": "expert",
        "dataset_version": "1",
        "dataset_seed": 0,
        "dataset_size": 1000,
        "decomposition": Decomposition.VDN,
        "value_learning": ValueLearning.SARSA,
        "tau": None,
        "extraction": Extraction.BRAC,
        "alpha": 1.0,
        "critic_norm": CriticNorm.NONE,
        "actor_norm": ActorNorm.ABSMEAN,
        "seed": 0,
        "steps": 40,
        "batch": 16,
        "hidden": (8, 8),
        "lr": 3e-4,
        "gamma": 0.99,
        "polyak": 0.005,
        "eval_every": 10,
        "eval_episodes": 2,
        "diagnostics_every": 20,
        "divergence_bound": 1e8,
        "precision": Precision.FLOAT32,
    }
    return DesignPoint(**(fields | changes))  # type: ignore[arg-type]


def make_points(
    seeds: int = 2,
    alphas: tuple[float, ...] = (0.1, 1.0),
    value_learning: tuple[ValueLearning, ...] = (ValueLearning.SARSA,),
    decompositions: tuple[Decomposition, ...] = (Decomposition.VDN,),
    **changes: object,
) -> tuple[DesignPoint, ...]:
    """A little grid: decompositions x value learners x seeds x alphas (IQL with tau 0.9)."""
    return tuple(
        make_point(
            decomposition=decomposition,
            value_learning=learner,
            tau=0.9 if learner is ValueLearning.IQL else None,
            seed=seed,
            alpha=alpha,
            **changes,
        )
        for decomposition in decompositions
        for learner in value_learning
        for seed in range(seeds)
        for alpha in alphas
    )


def make_resources(**changes: object) -> Resources:
    fields: dict[str, object] = {
        "address": None,
        "cpus": 2,
        "gpus": 0,
        "cpus_per_pack": 1,
        "gpu_per_pack": 0.0,
        "threads": 1,
        "slots": 2,
        "max_lanes": 128,
        "device": "cpu",
        "checkpoint_minutes": 10.0,
        "reuse_workers": False,
    }
    return Resources(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session", autouse=True)
def _no_waiting() -> Iterator[None]:
    """Launches inside the tests' own process try what failed again at once; `test_queue` has a clock of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backoff, "FIRST_WAIT_S", 0.0)
        yield


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """A sweep directory that does not exist yet."""
    return SweepPaths(tmp_path / "sweep")


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    root.mkdir()
    return root


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    from tests.sweep.buckets import bucket

    with bucket(monkeypatch) as server:
        yield server


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """One of each kind, empty: what holds for one holds for the other."""
    from tests.sweep.buckets import ADDRESS

    if request.param == "s3":
        request.getfixturevalue("s3")
    return open_store(ADDRESS if request.param == "s3" else f"file://{tmp_path / 'store'}")


@pytest.fixture(params=["folder", "gate", "store"])
def by(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Travelling:
    """Each way between a worker and its sweep. The node's own directory is the test's."""
    from recipe_sweep.sweep.travel import gate, pulse
    from tests.sweep.travel.ways import WAYS

    for module in (gate, pulse):
        monkeypatch.setattr(module, "EVERY_S", 0.05)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("node")))
    return WAYS[request.param]
