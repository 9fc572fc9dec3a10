"""Steadiness: noise, luck of evaluations, longer grids and ceilings would each make one extraction look steadier."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.findings.designs import Designs
from recipe_sweep.analysis.findings.evidence import Finding, Sweep
from recipe_sweep.analysis.findings.steadiness import saturated, steadier_over_alpha, steadier_over_seeds
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.vocabulary import Extraction
from recipe_sweep.sweep.worker.worlds import world_named
from scripts.world_sweeps import Arrays, arrays_of, grid_shape

SWEEPS = 12
BRAC, AWR = Extraction.place(Extraction.BRAC), Extraction.place(Extraction.AWR)


@cache
def arrays(brac: str = "0.03, 0.1, 0.3", awr: str = "1.0, 3.0, 10.0") -> Arrays:
    """One task at 8 seeds, with these alphas."""
    alphas = f"axes.alpha={{brac: [{brac}], awr: [{awr}]}}"
    few = (
        "axes.task=[2ant]",
        "axes.value_learning=[td, sarsa]",
        "axes.tau=null",
        "axes.seed=0-7",
        "settings.diagnostics_every=500_000",
    )
    return arrays_of(grid_shape("figure7", "one task", *few, alphas))


def sweep_of(task: TaskScores) -> Sweep:
    return Sweep((), (Designs(task, np.empty(0), np.empty(0, dtype=np.bool_)),), ())


def drawn(world: str, number: int = 0) -> TaskScores:
    (task,) = arrays().filled(world_named(world), number)
    return task


def with_scores(brac: Floats, awr: Floats, shape: Arrays | None = None) -> TaskScores:
    """One task with these scores (K, S) of every design."""
    (task,) = (shape or arrays()).filled(world_named("null"))
    scores = np.full_like(task.scores, np.nan)
    for extraction, values in ((BRAC, brac), (AWR, awr)):
        scores[:, :, extraction, :, : len(values)] = values
    return replace(task, scores=np.where(np.isfinite(task.scores), scores, np.nan))


def noise(alphas: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 0.01, (alphas, 8))


def holds(found: list[Finding]) -> int:
    return sum(one.low > 0.0 for one in found)


def test_noisier_runs_are_said_to_move_along_alpha() -> None:
    found = [steadier_over_alpha(sweep_of(drawn("noisy-brac", number))) for number in range(SWEEPS)]
    # With a level of 0.025, more than 3 of 12 happen once in 5,000 times.
    assert holds(found) <= 3
    assert holds([steadier_over_seeds(sweep_of(drawn("noisy-brac", number))) for number in range(SWEEPS)]) == SWEEPS


def test_a_real_movement_along_alpha_is_not_found() -> None:
    moving = with_scores(0.5 + np.array([[0.0], [0.1], [0.2]]) + noise(3), 0.5 + noise(3, 1))
    found = steadier_over_alpha(sweep_of(moving))
    assert found.value == pytest.approx(0.01, rel=0.2)
    assert 0.0 < found.low < found.high
    assert found.of == " (BRAC 0.099, AWR 0.000)"


def test_luck_of_few_episodes_is_said_to_be_training_that_differs() -> None:
    tasks = [drawn("few-episodes", number) for number in range(SWEEPS)]
    assert holds([steadier_over_seeds(sweep_of(task)) for task in tasks]) <= 3
    unknown = [replace(task, evaluation_variance=np.full_like(task.scores, np.nan)) for task in tasks]
    raw = [steadier_over_seeds(sweep_of(task)) for task in unknown]
    assert holds(raw) == SWEEPS, "without the stated noise nothing can be taken off"
    assert all(one.of.endswith("; evaluation noise is included, because it is not known)") for one in raw)


def test_a_longer_grid_looks_less_steady_because_it_spans_more() -> None:
    slope = 0.1 * np.arange(6)[:, None]
    longer = arrays("0.01, 0.03, 0.1, 0.3, 1.0, 3.0")
    found = steadier_over_alpha(sweep_of(with_scores(0.1 + slope + noise(6), 0.1 + slope[:3] + noise(3, 1), longer)))
    assert found.value == pytest.approx(0.0, abs=0.002)


def test_a_movement_is_made_up_where_an_extraction_has_one_alpha() -> None:
    found = steadier_over_alpha(sweep_of(with_scores(0.5 + noise(3), 0.5 + noise(1), arrays(awr="3.0"))))
    assert np.isnan(found.value)
    assert "several alphas" in found.lacks


def test_scores_at_a_ceiling_are_said_to_be_steady() -> None:
    awr = np.ones((3, 8))
    awr[:, 0] = 0.9
    sweep = sweep_of(with_scores(0.5 + np.array([[0.0], [0.1], [0.2]]) + noise(3), awr))
    for find in (steadier_over_seeds, steadier_over_alpha):
        assert np.isnan(find(sweep).value)
        assert "ceiling" in find(sweep).lacks


def test_a_few_equal_scores_are_said_to_be_a_ceiling() -> None:
    scores = np.array([[1.0, 1.0, 1.0, 0.5, 0.4, np.nan], [1.0, 1.0, 0.4, 0.5, 0.6, np.nan], [0.4, 0.5, 0.6, 1.0, 1.0, 1.0]])
    assert saturated(scores).tolist() == [True, False, False]
