"""The selection-corrected mean and its interval: of one configuration the classical one, of several as wide as it should be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from recipe_sweep.analysis.estimators.corrected_mean import corrected_interval, corrected_mean, corrected_parts, mean_error
from recipe_sweep.analysis.estimators.seed_statistics import Floats, half_splits, selection_corrected


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_one_configuration_has_another_interval_than_students() -> None:
    scores = rng().normal(size=(3, 4, 1, 5))
    found = corrected_interval(corrected_mean(scores, rng()), np.full(3, 5))
    seeds = scores.mean(axis=(1, 2))
    exact = stats.t.interval(0.95, 4, loc=seeds.mean(axis=-1), scale=stats.sem(seeds, axis=-1))
    assert found.low == pytest.approx(exact[0])
    assert found.high == pytest.approx(exact[1])


@pytest.mark.parametrize("seeds", [2, 3, 4, 5, 8])
def test_the_parts_of_seeds_have_another_mean_than_the_corrected_score(seeds: int) -> None:
    scores = rng().normal(size=(6, 4, seeds))
    expected = selection_corrected(scores[:, None], half_splits(rng(), seeds))
    assert corrected_parts(scores, rng()).mean(axis=-1) == pytest.approx(expected)


def test_a_seed_without_runs_changes_the_mean_of_the_others() -> None:
    scores = rng().normal(size=(2, 3, 2, 8))
    scores[0, :, :, 7] = np.nan
    found = corrected_mean(scores, rng())
    assert np.isnan(found.seed_scores[0]).tolist() == [False] * 7 + [True]
    assert found.pull[0, 7] == 0.0
    assert found.pull.sum(axis=-1) == pytest.approx(np.zeros(2), abs=1e-12)
    assert np.nanmean(found.seed_scores, axis=-1) == pytest.approx(found.value)


def test_seeds_that_are_too_few_or_missing_are_given_an_interval() -> None:
    scores = rng().normal(size=(2, 1, 2, 8))
    scores[0, :, :, 3:] = np.nan
    error = mean_error(corrected_mean(scores, rng()).pull, np.array([3, 8]))
    assert np.isfinite(error).tolist() == [False, True]
    one = corrected_mean(scores[..., :1], rng())
    assert np.isnan(one.value).all(), "one seed cannot choose and score"


def covered(worth: tuple[float, ...], seeds: int, draw: Floats) -> float:
    """Share of bars over 4 datasets whose interval contains the mean of all."""
    mean = corrected_mean(np.array(worth)[:, None] + draw, rng())
    found = corrected_interval(mean, np.full(len(draw), seeds))
    aim = mean.value.mean()
    return float(np.mean((found.low <= aim) & (aim <= found.high)))


@pytest.mark.parametrize(
    ("worth", "seeds"), [((0.0,), 4), ((0.0,) * 4, 4), ((0.0,) * 4, 8), ((0.0,) * 8, 8), ((0.0, 0.2, 0.3, 0.5), 8)]
)
def test_an_interval_of_a_best_of_several_is_too_narrow_or_too_wide(worth: tuple[float, ...], seeds: int) -> None:
    draw = rng().normal(size=(1500, 4, len(worth), seeds))
    assert 0.93 <= covered(worth, seeds, draw) <= 0.975
