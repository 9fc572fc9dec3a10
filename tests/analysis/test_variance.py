"""Variance explained: effects put in by hand come out, and noise is no effect."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics import Interval, ratio_interval, t_interval
from analysis.variance import TERMS, effects, moments, share_difference, shares


def product(noise: float, seeds: int = 8, designs: int = 1) -> np.ndarray:
    """Scores (X, V, E, D, S): decomposition moves by +-3, value learning by nothing, extraction by +-1."""
    rng = np.random.default_rng(0)
    scores = np.zeros((2, 3, 2, designs, seeds))
    scores += np.array([3.0, -3.0]).reshape(2, 1, 1, 1, 1) + np.array([1.0, -1.0]).reshape(1, 1, 2, 1, 1)
    return scores + noise * rng.normal(size=scores.shape)


def share(scores: np.ndarray, *term: int) -> float:
    seeds = scores.shape[-1]
    return float(shares(moments(scores, np.ones((1, seeds))).parts)[0, TERMS.index(term)])


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


def test_an_axis_without_effect_explains_nothing_however_noisy_the_seeds() -> None:
    scores = product(6.0, designs=4000)  # 4,000 datasets: what is left is bias
    found = moments(scores, np.ones((1, 8)))
    assert found.squared[0, TERMS.index((1,))] > 0.5, "which is what its share of the noise would be"
    np.testing.assert_allclose(found.parts[0, [TERMS.index((x,)) for x in range(3)]], [9.0, 0.0, 1.0], atol=0.15)


def test_designs_that_do_not_differ_have_no_shares() -> None:
    assert np.isnan(shares(np.zeros(len(TERMS)))).all()


def ratio(over: float, under: float, over_samples: list[float], under_samples: list[float], seeds: int = 4) -> Interval:
    numbers = (np.array(one) for one in (over, under, over_samples, under_samples))
    return ratio_interval(*numbers, seeds, (-1.0, 1.0))


def test_a_ratio_under_which_nothing_moves_has_another_interval_than_what_is_over_it() -> None:
    samples = [0.9, 1.1, 0.8, 1.2]
    plain = t_interval(np.array(1.0), np.array(samples), np.array(4))
    found = ratio(1.0, 10.0, samples, [10.0] * 4)
    assert (found.low, found.high) == pytest.approx((plain.low / 10.0, plain.high / 10.0))


def test_fiellers_interval_is_not_the_one_by_hand() -> None:
    # Both move by 1 and apart from each other: the bound is t^2 * 4/3 = 10.128 * 4/3 = 13.504 of three degrees of freedom.
    # (100 - 13.504) r^2 - 2 * 20 r + (4 - 13.504) <= 0, so r = (20 +- sqrt(400 + 86.496 * 9.504)) / 86.496.
    found = ratio(2.0, 10.0, [1.0, 3.0, 1.0, 3.0], [9.0, 9.0, 11.0, 11.0])
    assert (found.low, found.high) == pytest.approx((-0.1729, 0.6354), abs=1e-4)


def test_shares_of_what_may_be_nothing_are_given_an_interval_that_says_something() -> None:
    found = ratio(0.5, 1.0, [0.5, 0.6, 0.4, 0.5], [0.0, 2.0, -1.0, 3.0])
    assert (found.low, found.high) == (-1.0, 1.0)
    found = ratio(0.5, -9.0, [0.5, 0.6, 0.4, 0.5], [-9.0, -9.1, -8.9, -9.0])
    assert (found.low, found.high) == (-1.0, 1.0)
    assert np.isnan(ratio(1.0, 10.0, [1.0, 2.0], [10.0, 11.0], seeds=3).low)


def test_one_axis_explains_more_than_another_without_it_being_said() -> None:
    scores = product(0.5)
    weights = np.random.default_rng(0).multinomial(8, [1 / 8] * 8, size=500).astype(float)
    parts, drawn = moments(scores, np.ones((1, 8))).parts[0], moments(scores, weights).parts
    value, interval = share_difference(parts, drawn, 8, TERMS.index((0,)), TERMS.index((1,)))
    assert value == pytest.approx(0.9, abs=0.02)
    assert 0.8 < interval.low < value < interval.high <= 1.0
