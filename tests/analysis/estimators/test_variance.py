"""Variance explained: effects put in by hand come out."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.seed_statistics import ratio_interval, skewed_interval
from recipe_sweep.analysis.estimators.variance import TERMS, effects, shares, true_parts


def product(noise: float, seeds: int = 8, designs: int = 1) -> np.ndarray:
    """Scores (X, V, E, D, S): decomposition moves by +-3, value learning by nothing, extraction by +-1."""
    rng = np.random.default_rng(0)
    scores = np.zeros((2, 3, 2, designs, seeds))
    scores += np.array([3.0, -3.0]).reshape(2, 1, 1, 1, 1) + np.array([1.0, -1.0]).reshape(1, 1, 2, 1, 1)
    return scores + noise * rng.normal(size=scores.shape)


def share(scores: np.ndarray, *term: int) -> float:
    return float(shares(true_parts(scores))[TERMS.index(term)])


def test_shares_are_those_of_effects_put_in_by_hand() -> None:
    scores = product(0.0)
    assert share(scores, 0) == pytest.approx(0.9)  # 9 of 9 + 1
    assert share(scores, 2) == pytest.approx(0.1)
    assert share(scores, 1) == pytest.approx(0.0)
    scores[0, :, 0] += 4.0  # one corner of the two by two: 1 for each main effect, for the mean and for the pair
    # Effects are now 4, 2 and 1: squares 16, 4 and 1.
    assert share(scores, 0) == pytest.approx(16 / 21)
    assert share(scores, 0, 2) == pytest.approx(1 / 21)


def test_effects_add_up_to_the_scores() -> None:
    scores = product(1.0)
    whole = scores.mean(axis=(0, 1, 2), keepdims=True) + sum(effects(scores))
    np.testing.assert_allclose(whole, scores)


def test_designs_that_do_not_differ_have_no_shares() -> None:
    assert np.isnan(shares(np.zeros(len(TERMS)))).all()


def ratio(over: float, under: float, covariance: list[list[float]], freedom: int = 3) -> tuple[float, float]:
    found = ratio_interval(over, under, np.array(covariance), freedom, (-1.0, 1.0))
    return float(found.low), float(found.high)


def test_a_ratio_under_which_nothing_moves_has_another_interval_than_what_is_over_it() -> None:
    plain = skewed_interval(np.array(1.0), np.array(0.2), np.array(3), 0.0)
    assert ratio(1.0, 10.0, [[0.04, 0.0], [0.0, 0.0]]) == pytest.approx((plain.low / 10.0, plain.high / 10.0))


def test_fiellers_interval_is_not_the_one_by_hand() -> None:
    # Both have variance 4/3 and move apart from each other: the bound is t^2 * 4/3 = 10.128 * 4/3 = 13.504.
    # (100 - 13.504) r^2 - 2 * 20 r + (4 - 13.504) <= 0, so r = (20 +- sqrt(400 + 86.496 * 9.504)) / 86.496.
    assert ratio(2.0, 10.0, [[4 / 3, 0.0], [0.0, 4 / 3]]) == pytest.approx((-0.1729, 0.6354), abs=1e-4)


def test_shares_of_what_may_be_nothing_are_given_an_interval_that_says_something() -> None:
    assert ratio(0.5, 1.0, [[0.01, 0.0], [0.0, 1.0]]) == (-1.0, 1.0)
    assert ratio(0.5, -9.0, [[0.01, 0.0], [0.0, 0.01]]) == (-1.0, 1.0)
