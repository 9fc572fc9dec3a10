"""Interquartile mean, profiles and probability of improvement: against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from recipe_sweep.analysis.estimators.aggregates import (
    improvement_samples,
    interquartile_mean,
    interquartile_samples,
    performance_profile,
    probability_of_improvement,
    profile_samples,
    resample_seeds,
    wins,
)

SCORES = np.random.default_rng(0).normal(size=(3, 5, 8))  # choices, cells, seeds


def test_the_interquartile_mean_is_scipys_trimmed_mean() -> None:
    np.testing.assert_allclose(interquartile_mean(SCORES), stats.trim_mean(SCORES.reshape(3, -1), 0.25, axis=1))


def test_one_collapsed_seed_does_not_move_the_interquartile_mean() -> None:
    scores = np.array([[1.0, 2.0, 3.0, 4.0]])
    assert interquartile_mean(scores) == 2.5
    assert interquartile_mean(np.array([[1.0, 2.0, 3.0, -400.0]])) == 1.5


def test_a_profile_is_the_share_of_runs_above_each_threshold() -> None:
    profile = performance_profile(np.array([[0.1, 0.5], [0.5, 0.9]]), np.array([0.0, 0.1, 0.5, 0.9]))
    assert profile.tolist() == [1.0, 0.75, 0.25, 0.0]


def test_the_probability_of_improvement_is_the_mann_whitney_statistic_of_each_cell() -> None:
    first, second = np.round(SCORES[0], 1), np.round(SCORES[1], 1)  # rounded, so that there are ties
    theirs = np.mean([stats.mannwhitneyu(a, b).statistic / 64 for a, b in zip(first, second, strict=True)])
    assert probability_of_improvement(wins(first, second)) == pytest.approx(theirs)


def test_resampling_every_seed_once_gives_the_statistics_themselves() -> None:
    once, weights, thresholds = np.arange(8)[None], np.ones((1, 8)), np.array([-0.5, 0.5])
    np.testing.assert_allclose(interquartile_samples([(SCORES, once)])[0], interquartile_mean(SCORES))
    np.testing.assert_allclose(profile_samples(SCORES, thresholds, weights)[0], performance_profile(SCORES, thresholds))
    won = wins(SCORES[0], SCORES[1])
    assert improvement_samples(won, weights) == pytest.approx(probability_of_improvement(won))
    assert resample_seeds(np.random.default_rng(0), 5, 8).shape == (5, 8)
