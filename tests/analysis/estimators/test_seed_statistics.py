"""The statistics against matrices worked by hand, scipy, and simulated sweeps whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from recipe_sweep.analysis.estimators.seed_statistics import (
    best_of,
    bootstrap_best,
    chosen_seed_counts,
    chosen_seed_scores,
    half_splits,
    percentile_interval,
    ranks,
    resample_weights,
    seed_means,
    selection_corrected,
    t_interval,
)

NAN = float("nan")

# One design, two datasets, three configurations, four seeds; worked by hand below.
SCORES = np.array(
    [
        [[0.1, 0.3, 0.2, 0.2], [0.5, 0.5, 0.6, 0.4], [0.9, 0.1, 0.1, 0.1]],
        [[0.8, 0.8, 0.8, 0.8], [0.7, 0.9, 0.7, 0.9], [0.0, 1.0, 1.0, 1.0]],
    ]
)


def test_best_per_configuration_is_the_number_worked_out_by_hand() -> None:
    means = seed_means(SCORES)
    np.testing.assert_allclose(means, [[0.2, 0.5, 0.3], [0.8, 0.8, 0.75]])
    best = best_of(means)
    assert best.choice.tolist() == [1, 0]  # of the equal 0.8 and 0.8 the first
    np.testing.assert_allclose(best.by_dataset, [0.5, 0.8])
    assert best.value == pytest.approx(0.65)
    np.testing.assert_allclose(chosen_seed_scores(SCORES, best.choice), [0.65, 0.65, 0.7, 0.6])
    assert chosen_seed_counts(SCORES, best.choice) == 4


def test_a_missing_run_is_left_out_of_the_mean_and_not_counted_as_zero() -> None:
    scores = SCORES.copy()
    scores[0, 1, 3] = NAN  # configuration 1 of dataset 0 keeps 0.5, 0.5, 0.6
    best = best_of(seed_means(scores))
    assert best.by_dataset[0] == pytest.approx(1.6 / 3)
    assert chosen_seed_counts(scores, best.choice) == 3
    per_seed = chosen_seed_scores(scores, best.choice)
    np.testing.assert_allclose(per_seed, [0.65, 0.65, 0.7, NAN])


def test_a_dataset_without_runs_has_no_score_and_no_choice() -> None:
    scores = SCORES.copy()
    scores[1] = NAN
    best = best_of(seed_means(scores))
    assert best.choice.tolist() == [1, -1]
    assert np.isnan(best.by_dataset[1])
    assert best.value == pytest.approx(0.5)
    nothing = best_of(seed_means(np.full_like(SCORES, NAN)))
    assert np.isnan(nothing.value)
    assert chosen_seed_counts(np.full_like(SCORES, NAN), nothing.choice) == 0


def test_a_resampled_seed_brings_all_its_runs_and_the_best_is_chosen_anew() -> None:
    # Drawing seed 0 four times must give the best of seed 0's own scores, in both datasets: 0.9 and 0.8.
    weights = np.array([[4.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 2.0, 2.0, 0.0]])
    samples = bootstrap_best(SCORES, weights)
    np.testing.assert_allclose(samples, [(0.9 + 0.8) / 2, 0.65, (0.55 + 1.0) / 2])


def test_a_resample_that_loses_a_dataset_is_not_scored_on_the_others() -> None:
    scores = SCORES.copy()
    scores[1, :, 1:] = NAN  # dataset 1 has seed 0 alone
    samples = bootstrap_best(scores, np.array([[0.0, 2.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0]]))
    assert np.isnan(samples[0])
    assert np.isfinite(samples[1])


def test_designs_are_resampled_together_so_that_what_their_seeds_share_cancels() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(1, 1, 1, 8))
    both = np.concatenate([first, first + 0.25])
    samples = bootstrap_best(both, resample_weights(rng, 500, 8))
    np.testing.assert_allclose(samples[:, 1] - samples[:, 0], 0.25)


def test_the_interval_of_a_plain_mean_is_the_classical_t_interval() -> None:
    scores = np.array([0.31, 0.42, 0.55, 0.38, 0.47, 0.62, 0.29, 0.51])
    samples = bootstrap_best(scores[None, None], resample_weights(np.random.default_rng(0), 200_000, 8))
    ours = t_interval(scores.mean(), samples, np.array(8))
    exact = stats.t.interval(0.95, 7, loc=scores.mean(), scale=stats.sem(scores))
    np.testing.assert_allclose([ours.low, ours.high], exact, atol=2e-3)


def test_the_percentile_interval_agrees_with_scipy_on_the_same_statistic() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(2, 3, 6))  # two datasets, three configurations, six seeds

    def statistic(*runs: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.stack([run.mean(axis=axis) for run in runs]).reshape(2, 3, -1).max(axis=1).mean(axis=0)

    theirs = stats.bootstrap(
        [run for dataset in scores for run in dataset],
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=50_000,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    ours = percentile_interval(bootstrap_best(scores, resample_weights(rng, 50_000, 6)))
    interval = theirs.confidence_interval
    np.testing.assert_allclose([ours.low, ours.high], [float(interval.low), float(interval.high)], atol=0.02)


def test_no_interval_is_given_under_four_seeds() -> None:
    scores = np.array([[0.4, 0.5, 0.6], [0.4, 0.5, NAN]])[:, None, None]
    samples = bootstrap_best(scores, resample_weights(np.random.default_rng(0), 200, 3))
    interval = t_interval(np.array([0.5, 0.45]), samples, np.array([3, 2]))
    assert np.isnan(interval.low).all()
    assert np.isnan(interval.high).all()


@pytest.mark.parametrize("seeds", [4, 8])
def test_intervals_cover_the_truth_as_often_as_they_say(seeds: int) -> None:
    """4,000 simulated designs at once; their true score is 0. Bounds: four standard errors of a share of 4,000."""
    rng = np.random.default_rng(11)
    scores = rng.normal(size=(4000, 2, 1, seeds)) + 0.5 * rng.normal(size=(4000, 1, 1, seeds))
    value = best_of(seed_means(scores)).value
    samples = bootstrap_best(scores, resample_weights(rng, 1000, seeds))
    scaled = t_interval(value, samples, np.full(4000, seeds))
    plain = percentile_interval(samples)

    def covered(low: np.ndarray, high: np.ndarray) -> float:
        return float(np.mean((low <= 0.0) & (high >= 0.0)))

    error = 4 * np.sqrt(0.95 * 0.05 / 4000)
    # At 4 seeds a thousand resamples leave a few percent of noise in each standard deviation, shared by all designs.
    assert covered(*scaled) == pytest.approx(0.95, abs=error + 0.005)
    assert covered(*plain) < 0.91


def test_the_selection_corrected_best_of_equals_is_not_optimistic() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(2000, 1, 8, 8))  # eight configurations, all truly 0
    paper = best_of(seed_means(scores)).value
    corrected = selection_corrected(scores, half_splits(rng, 8))
    standard_error = corrected.std() / np.sqrt(2000)
    assert abs(corrected.mean()) < 4 * standard_error
    assert paper.mean() > 0.4  # what the correction takes away


def test_the_selection_corrected_best_is_the_number_worked_out_by_hand() -> None:
    scores = np.array([[[1.0, 0.0], [0.4, 0.8]]])  # one dataset, two configurations, two seeds
    splits = half_splits(np.random.default_rng(0), 2)
    assert splits.tolist() == [[True, False], [False, True]]
    # Seed 0 chooses configuration 0, which scores 0.0 on seed 1; seed 1 chooses configuration 1, 0.4 on seed 0.
    assert selection_corrected(scores, splits) == pytest.approx((0.0 + 0.4) / 2)


def test_one_seed_cannot_be_split_and_has_no_corrected_number() -> None:
    splits = half_splits(np.random.default_rng(0), 1)
    assert splits.shape == (0, 1)
    assert np.isnan(selection_corrected(SCORES[..., :1], splits))


@pytest.mark.parametrize(("seeds", "count", "size"), [(4, 6, 2), (5, 10, 3), (8, 70, 4), (20, 500, 10)])
def test_splits_are_all_the_halves_of_the_seeds_or_a_sample_of_them(seeds: int, count: int, size: int) -> None:
    splits = half_splits(np.random.default_rng(0), seeds)
    assert splits.shape == (count, seeds)
    assert (splits.sum(axis=1) == size).all()


def test_equal_bars_share_a_rank() -> None:
    assert ranks(np.array([0.5, 0.7, 0.7, NAN])).tolist() == [3, 1, 1, 0]


def test_the_bootstrap_draws_from_the_generator_it_is_given_and_nothing_else() -> None:
    first, again, other = (resample_weights(np.random.default_rng(seed), 50, 8) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first.sum(axis=1) == 8).all()
