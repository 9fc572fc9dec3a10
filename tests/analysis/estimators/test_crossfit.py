"""Shares of variance in worlds of known truth: no number of configurations moves them, and noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.crossfit import CrossFit, cross_fit, share_difference, together, unbiased_parts
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.estimators.variance import TERMS, shares, true_parts
from scripts.shares import CONFIGURATIONS, DECOMPOSITION, EXTRACTION, VALUE_LEARNING, sweep, try_world, tuned_parts, world

RNG = np.random.default_rng


def fit_of(scores: Floats) -> CrossFit:
    found = cross_fit(scores)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["1", "4 alike", "8 alike", "8 unequal"])
def test_many_configurations_move_a_share_away_from_the_truth(name: str) -> None:
    truth, rng = world(CONFIGURATIONS[name]), RNG(0)
    found = [shares(sum(unbiased_parts(sweep(truth, 8, rng)) for _ in range(4))) for _ in range(60)]
    np.testing.assert_allclose(np.median(found, axis=0), shares(tuned_parts(truth, 8, draws=300)), atol=0.05)


def test_four_seeds_give_shares_that_are_too_high_or_too_low() -> None:
    truth, rng = world(CONFIGURATIONS["4 alike"]), RNG(0)
    found = [unbiased_parts(sweep(truth, 4, rng)) for _ in range(800)]
    np.testing.assert_allclose(np.mean(found, axis=0), true_parts(truth[..., 0]), atol=0.01)


@pytest.mark.parametrize("seeds", [4, 5, 8, 9])
def test_an_axis_without_effect_explains_a_share_of_the_noise(seeds: int) -> None:
    scores = 3.0 * RNG(seeds).normal(size=(4, 3, 2, 150, 4, seeds))
    scores[0] += 1.0  # a square of 3 / 16
    np.testing.assert_allclose(unbiased_parts(scores), [3 / 16, *[0.0] * 6], atol=0.2)


def test_with_one_configuration_the_parts_are_not_those_of_all_pairs_of_seeds() -> None:
    scores = RNG(1).normal(size=(2, 3, 2, 5, 1, 6))
    first, second = zip(*[(s, t) for s in range(6) for t in range(6) if s != t], strict=True)
    plain = scores[..., 0, :]
    both = true_parts(plain[..., list(first)] + plain[..., list(second)])
    apart = true_parts(plain[..., list(first)]) + true_parts(plain[..., list(second)])
    np.testing.assert_allclose(unbiased_parts(scores), (both - apart) / 2.0)


def test_what_seeds_share_counts_as_a_difference_of_designs() -> None:
    scores = RNG(2).normal(size=(4, 3, 2, 2, 4, 6))
    luck = 100.0 * RNG(3).normal(size=6)
    np.testing.assert_allclose(unbiased_parts(scores + luck), unbiased_parts(scores), atol=1e-9)


def test_a_configuration_that_a_design_does_not_have_is_chosen() -> None:
    scores = RNG(4).normal(size=(4, 3, 2, 2, 4, 8))
    fewer = scores.copy()
    fewer[1, :, :, :, 2:] = np.nan
    low = scores.copy()
    low[1, :, :, :, 2:] = -1e3
    np.testing.assert_allclose(fit_of(fewer).parts, fit_of(low).parts)


def test_a_seed_that_some_designs_lack_counts() -> None:
    scores = RNG(5).normal(size=(4, 3, 2, 2, 3, 8))
    scores[2, 1, 0, :, :, 7] = np.nan
    whole, found = fit_of(scores[..., :7]), fit_of(scores)
    np.testing.assert_allclose(found.parts, whole.parts)
    np.testing.assert_allclose(found.covariances, whole.covariances)
    assert found.seeds.tolist() == [7]


def test_a_configuration_that_failed_in_a_seed_takes_the_sweeps_shares_away() -> None:
    truth = world(CONFIGURATIONS["4 alike"])
    scores = sweep(np.repeat(truth, 20, axis=3), 8, RNG(9))
    scores[RNG(10).random(scores.shape) < 0.02] = np.nan
    np.testing.assert_allclose(unbiased_parts(scores), true_parts(truth[..., 0]), atol=0.02)


def test_three_seeds_or_a_missing_design_are_given_shares() -> None:
    scores = RNG(6).normal(size=(4, 3, 2, 2, 3, 8))
    assert cross_fit(scores[..., :3]) is None
    lacking = scores.copy()
    lacking[0, 0, 0] = np.nan
    assert cross_fit(lacking) is None
    lacking[:] = scores
    lacking[0, 0, 0, 0] = np.nan  # on one of the datasets
    np.testing.assert_allclose(fit_of(lacking).parts, fit_of(scores[:, :, :, 1:]).parts)


def test_equal_scores_have_shares() -> None:
    for score in (1.0, 0.1, 1e6 / 3.0):
        fit = fit_of(np.full((4, 3, 2, 4, 4, 8), score))
        assert fit.parts.tolist() == [0.0] * len(TERMS)
        assert share_difference(fit, DECOMPOSITION, VALUE_LEARNING) is None


def test_shares_are_printed_of_a_total_that_may_be_nothing() -> None:
    row = try_world(world(CONFIGURATIONS["4 alike"], size=0.0), 8, tasks=1, sweeps=60)
    assert row.given < 0.05
    assert np.isnan(row.truth).all()


def test_a_difference_of_shares_that_is_there_is_not_found() -> None:
    fit = fit_of(sweep(world((0.0, 0.0), size=4.0), 8, RNG(7)))
    found = share_difference(fit, EXTRACTION, VALUE_LEARNING)
    assert found is not None
    value, interval = found
    true = shares(true_parts(world((0.0,))[..., 0]))
    assert interval.low < true[EXTRACTION] - true[VALUE_LEARNING] < interval.high
    assert 0.0 < interval.low < value < interval.high < 1.0


def test_a_difference_beyond_all_of_the_total_is_cut_before_it_is_judged() -> None:
    parts = np.array([-0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    found = share_difference(
        CrossFit(parts, 1e-4 * np.eye(7)[None], np.zeros((1, 7, 7)), np.array([8])), EXTRACTION, DECOMPOSITION
    )
    assert found is not None
    assert found[0] == pytest.approx(1.1 / 0.9)
    assert found[1].high > found[0]


def test_tasks_that_add_up_have_the_freedom_of_one() -> None:
    one = fit_of(RNG(8).normal(size=(4, 3, 2, 2, 1, 8)))
    ones = np.ones(len(TERMS))
    assert one.freedom(ones) == pytest.approx(7.0)
    both = together([one, one])
    np.testing.assert_allclose(both.parts, 2.0 * one.parts)
    assert both.freedom(ones) == pytest.approx(14.0)
    assert both.seeds.tolist() == [8, 8]


@pytest.mark.parametrize(("effect", "most"), [(0.0, 1.5), (0.5, 1.35)])
def test_an_interval_of_a_share_is_wider_than_its_chance_or_narrower(effect: float, most: float) -> None:
    rng, truth = RNG(5), np.zeros((4, 3, 2, 4, 1))
    truth[0] += effect
    weights = np.eye(len(TERMS))[[DECOMPOSITION]] - np.eye(len(TERMS))[[VALUE_LEARNING]]
    fits = [together([fit_of(sweep(truth, 8, rng)) for _ in range(4)]) for _ in range(100)]
    seen = np.var([weights[0] @ fit.parts for fit in fits])
    # A plain jackknife says 2.3 times as much where nothing differs. A variance of 100 sweeps is known within 30 %.
    assert 0.7 < np.mean([fit.covariance(weights)[0, 0] for fit in fits]) / seen < most


def test_an_interval_vanishes_because_seeds_make_the_jackknife_too_small() -> None:
    rng, ends = RNG(6), np.eye(len(TERMS))
    for seeds in (4, 5, 8):
        for _ in range(20):
            covariance = fit_of(rng.normal(size=(2, 2, 2, 1, 2, seeds))).covariance(ends)
            assert np.linalg.eigvalsh(covariance).min() > -1e-12 * covariance.max()
            assert (np.diag(covariance) > 0.0).all()
