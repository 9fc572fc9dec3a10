"""Clones of a dataset are trained by the package's own trainer, and the same command gives the same numbers."""

from __future__ import annotations

import pytest

from recipe_sweep.search_spaces.vocabulary import Extraction
from recipe_sweep.trainers import reference_clones
from recipe_sweep.trainers.reference_clones import clone_point, measure_clone
from recipe_sweep.trainers.reference_table import Kind


def test_clones_of_a_dataset_are_measured_alike_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_clones, "STEPS", 4)
    monkeypatch.setattr(reference_clones, "SEEDS", (0, 1))
    monkeypatch.setattr(reference_clones, "SHORT_EPISODES", 3)
    found = measure_clone("two_step", "uniform", 48)
    assert (found.policy, found.dataset, found.version, found.episodes) == (Kind.CLONING, "uniform", "1", 6)
    assert 0.0 <= found.mean <= 8.0
    assert measure_clone("two_step", "uniform", 48) == found


def test_a_clone_weighs_every_action_alike() -> None:
    point = clone_point("3hopper", "expert", 1000, seed=2, episodes=10)
    assert point.extraction is Extraction.AWR
    assert point.alpha == Extraction.AWR.cloning_alpha
    assert (point.dataset_version, point.seed) == ("2", 2)
