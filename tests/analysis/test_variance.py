"""Variance explained: effects put in by hand come out, and noise is no effect."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.variance import TERMS, effects, moments, shares


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
