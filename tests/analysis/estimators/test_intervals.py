"""Do intervals hold their level? Simulated sweeps of 8 seeds x 4 datasets whose truth is known, as docs/statistics.md tells."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.corrected_mean import corrected_interval, corrected_mean
from recipe_sweep.analysis.estimators.seed_statistics import (
    best_of,
    corrected_seed_scores,
    half_splits,
    seed_means,
    seed_skewness,
    selection_corrected,
    skewed_interval,
    skewed_p_value,
)
from scripts.coverage import NOISES, SEEDS, SWEEPS, coverage, optimism


@pytest.mark.parametrize("shared", [False, True], ids=["seeds independent", "seeds share their luck"])
@pytest.mark.parametrize("noise", NOISES)
def test_a_95_percent_interval_covers_93_to_97_percent_of_simulated_sweeps(noise: str, shared: bool) -> None:
    found = coverage(noise, shared=shared)
    assert 0.93 <= found.ours <= 0.97
    assert found.percentile < 0.93


def test_the_corrected_score_is_unbiased_for_the_alpha_that_half_of_the_seeds_would_choose() -> None:
    rng = np.random.default_rng(7)
    truth = np.array([0.0, 0.2, 0.3, 0.5])  # four values of alpha, not equally good
    scores = truth[:, None] + rng.normal(size=(SWEEPS, 4, 4, SEEDS))
    splits = half_splits(rng, SEEDS)
    corrected, paper = selection_corrected(scores, splits), best_of(seed_means(scores)).value
    # What half of the seeds choose, scored by the truth: the mean over splits and datasets.
    choices = [best_of(seed_means(scores[..., half])).choice for half in splits]
    aim = np.mean([truth[choice].mean(axis=-1) for choice in choices], axis=0)
    error = (corrected - aim).std() / np.sqrt(SWEEPS)
    assert abs((corrected - aim).mean()) < 3 * error
    assert (paper - aim).mean() > 0.1, "best of four on the seeds that are reported is optimistic"
    assert aim.mean() < truth.max(), "half of the seeds do not always choose the best"


def test_parts_of_seeds_average_to_the_corrected_number() -> None:
    scores = np.random.default_rng(2).normal(size=(3, 2, 4, 8))
    parts = corrected_seed_scores(scores, np.random.default_rng(0))
    assert parts.shape == (3, 2, 8)
    expected = selection_corrected(scores, half_splits(np.random.default_rng(0), 8))
    np.testing.assert_allclose(parts.mean(axis=(-1, -2)), expected)


def test_of_one_configuration_a_seeds_part_is_its_own_score_and_a_missing_run_has_none() -> None:
    scores = np.array([[0.1, 0.5, 0.3, 0.9, 0.2]])
    np.testing.assert_allclose(corrected_seed_scores(scores, np.random.default_rng(0)), scores[0])
    scores[0, 2] = np.nan
    np.testing.assert_allclose(np.isfinite(corrected_seed_scores(scores, np.random.default_rng(0))), np.isfinite(scores[0]))


def test_skewness_is_the_unbiased_ratio_worked_out_by_hand_and_none_under_six_seeds() -> None:
    values = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 6.0])  # mean 1: variance 30 / 5 = 6, third moment (125 - 5) * 6 / 20 = 36
    assert seed_skewness(values) == pytest.approx(36.0 / 6.0**1.5)
    assert seed_skewness(values[1:]) == 0.0
    assert seed_skewness(np.ones(8)) == 0.0


def test_an_interval_reaches_further_to_where_the_long_tail_is() -> None:
    low, high = skewed_interval(np.array(0.0), np.array(1.0), np.array(7), 0.05)
    assert high > 2.365 > -low > 0.0
    straight = skewed_interval(np.array(0.0), np.array(1.0), np.array(7), 0.0)
    np.testing.assert_allclose([straight.low, straight.high], [-2.3646, 2.3646], atol=1e-4)


@pytest.mark.parametrize("asymmetry", [-0.1, 0.0, 0.08])
def test_a_p_value_is_below_five_percent_exactly_where_the_interval_leaves_out_zero(asymmetry: float) -> None:
    values = np.linspace(-8.0, 8.0, 321)
    error, freedom = np.ones_like(values), np.full_like(values, 7.0)
    low, high = skewed_interval(values, error, freedom, asymmetry)
    outside = (low > 0.0) | (high < 0.0)
    np.testing.assert_array_equal(skewed_p_value(values, error, freedom, asymmetry) < 0.05, outside)


def test_the_interval_of_a_bar_is_moved_by_the_skewness_of_its_seeds() -> None:
    rng = np.random.default_rng(1)
    bar = corrected_mean(rng.exponential(size=(1, 1, 8)), rng)
    skewed = corrected_interval(bar, np.array(8))
    straight = corrected_interval(bar._replace(seed_scores=np.zeros(8)), np.array(8))
    assert skewed.high > straight.high


def test_a_bars_interval_misses_its_truth_more_often_than_the_documents_say_of_the_worst_case() -> None:
    found = optimism((0.0, 0.0, 0.0, 1.0))
    assert 0.90 <= found.covered <= 0.93
    assert abs(found.corrected) < 3 * found.error
