"""Means over pairs of seeds: a biased one would call noise a movement of scores, or a movement noise."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.seed_pairs import (
    half_squares,
    jackknife_variance,
    mean_of_tasks,
    pair_mean,
    products_along,
    seed_parts,
    seed_variance,
)
from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats

ALL = np.ones((1, 6), dtype=np.bool_)


def draws(shape: tuple[int, ...], seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=shape)


def test_the_variance_over_seeds_is_another_than_the_usual_one() -> None:
    scores = draws((3, 6))
    np.testing.assert_allclose(pair_mean(half_squares(scores), np.repeat(ALL, 3, axis=0)), scores.var(axis=-1, ddof=1))


def test_noise_of_seeds_is_taken_for_movement_along_a_grid() -> None:
    truth = np.array([0.0, 0.5, 1.0, 0.2])
    scores = truth[:, None] + 3.0 * draws((20_000, 4, 6)) + draws((20_000, 1, 6), 1)
    found = pair_mean(products_along(scores), np.repeat(ALL, 20_000, axis=0))
    assert found.mean() == pytest.approx(truth.var(ddof=1), abs=4.0 * found.std() / np.sqrt(20_000))


def test_a_seed_that_some_cells_lack_changes_the_mean() -> None:
    there: Booleans = np.repeat(ALL, 3, axis=0)
    there[1, 4:] = False
    pairs = half_squares(np.where(there, draws((3, 6)), np.nan))
    parts = seed_parts(pairs, there)
    assert parts.mean() == pytest.approx(pair_mean(pairs, there).mean())
    assert np.isnan(seed_parts(pairs[1:2], there[1:2])).tolist() == [False] * 4 + [True] * 2
    assert seed_variance(pairs, there) == pytest.approx(parts.var(ddof=1) / 6)


def test_intervals_are_far_too_wide_where_nothing_moves_or_too_narrow() -> None:
    scores = draws((400, 2, 12, 3, 8))
    there: Booleans = np.ones((12, 8), dtype=np.bool_)
    found = [mean_of_tasks(list(products_along(sweep)), [there, there], seed_variance) for sweep in scores]
    false = np.mean([not interval.low <= 0.0 <= interval.high for _, interval, _ in found])
    assert 0.0 < false < 0.05
    estimated = np.mean([sum(seed_variance(pairs, there) for pairs in products_along(sweep)) / 4.0 for sweep in scores])
    plain = np.mean([sum(jackknife_variance(pairs, there) for pairs in products_along(sweep)) / 4.0 for sweep in scores])
    true = np.var([one.value for one in found])
    assert 0.9 < estimated / true < 2.0 < plain / true


def test_equal_scores_move_by_what_a_computer_rounds() -> None:
    scores = np.full((1, 3, 6), 0.1) + np.array([0.0, 1e-17, -1e-17])[:, None]
    value, interval, _ = mean_of_tasks([products_along(scores)], [ALL], seed_variance)
    assert (value, float(interval.low), float(interval.high)) == (0.0, 0.0, 0.0)
