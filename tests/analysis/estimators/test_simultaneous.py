"""Comparisons of all pairs of designs: right all together where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.estimators.simultaneous import all_pairs

NAN = np.nan
SWEEPS = 400


def missed(noise: Floats, seeds: int, rng: np.random.Generator) -> float:
    """Share of sweeps in which any interval of a pair misses the true difference, for designs with this noise (N, C)."""
    truth = rng.normal(size=noise.shape)
    wrong = 0
    for _ in range(SWEEPS):
        shared = 2.0 * rng.normal(size=(noise.shape[1], seeds))
        pairs = all_pairs(truth[..., None] + shared + noise[..., None] * rng.normal(size=(*noise.shape, seeds)))
        true = truth.mean(axis=1)
        off = np.abs(pairs.difference - (true[:, None] - true))
        wrong += bool((off > pairs.critical * pairs.error + 1e-12).any())
    return wrong / SWEEPS


@pytest.mark.parametrize(("strata", "seeds"), [(16, 4), (4, 8), (1, 4)])
def test_all_intervals_of_a_sweep_hold_the_truth_with_the_promised_confidence(strata: int, seeds: int) -> None:
    share = missed(np.ones((24, strata)), seeds, np.random.default_rng(0))
    # 0.05 has a standard error of 0.011; Bonferroni is a little careful.
    assert 0.01 <= share <= 0.07


def test_the_confidence_holds_where_some_designs_and_one_stratum_are_noisier() -> None:
    noise = np.ones((24, 4))
    noise[::2] *= 3.0
    noise[:, 0] *= 3.0
    assert missed(noise, 4, np.random.default_rng(1)) <= 0.07


def test_the_lead_of_the_best_over_the_worst_is_rarely_called_real_where_none_is() -> None:
    rng = np.random.default_rng(2)
    found = [all_pairs(rng.exponential(size=(24, 16, 4))).ahead.any() for _ in range(SWEEPS)]
    assert np.mean(found) <= 0.07


def test_two_designs_on_one_dataset_have_the_classical_paired_interval() -> None:
    first, second = np.array([0.1, 0.5, 0.4, 0.9, 0.3]), np.array([0.2, 0.3, 0.1, 0.4, 0.3])
    pairs = all_pairs(np.stack([first, second])[:, None])
    expected = stats.ttest_rel(first, second).confidence_interval()
    reach = pairs.critical * pairs.error[0, 1]
    assert (pairs.difference[0, 1] - reach, pairs.difference[0, 1] + reach) == pytest.approx((expected.low, expected.high))


def test_only_seeds_that_both_designs_have_are_compared() -> None:
    good_luck = np.array([0.0, 0.1, 0.0, 0.1, 9.0, 9.1])
    half = np.where(np.arange(6) < 4, good_luck + 1.0, NAN)
    few = np.where(np.arange(6) < 3, good_luck, NAN)
    pairs = all_pairs(np.stack([good_luck, half, few])[:, None])
    assert pairs.difference[1, 0] == pytest.approx(1.0)
    assert np.isnan(pairs.difference[2, :2]).all(), "3 seeds are too few for an error"
    assert not pairs.ahead[2].any()


def test_designs_without_noise_differ_if_their_scores_do() -> None:
    scores = np.stack([np.ones((2, 4)), np.ones((2, 4)), np.zeros((2, 4))])
    assert all_pairs(scores).ahead.tolist() == [[False, False, True], [False, False, True], [False, False, False]]


def test_too_few_seeds_settle_nothing() -> None:
    pairs = all_pairs(np.arange(12.0).reshape(2, 2, 3))
    assert np.isnan(pairs.critical)
    assert not pairs.ahead.any()
