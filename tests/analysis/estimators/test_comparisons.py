"""Differences between designs: against scipy, tables, and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from recipe_sweep.analysis.estimators.comparisons import (
    careful_p_value,
    holm,
    paired_difference,
    seeds_to_settle,
    stratified_mean,
)

NAN = float("nan")


def test_one_task_of_symmetric_seeds_gives_the_classical_paired_t_test() -> None:
    differences = np.array([0.3, 0.1, 0.2, 0.0, 0.4])  # symmetric around 0.2, and too few to estimate skewness from
    ours, theirs = stratified_mean([differences]), stats.ttest_1samp(differences, 0.0)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))
    assert ours.deviation == pytest.approx(differences.std(ddof=1))


def test_tasks_are_strata_whose_variances_add_as_in_welchs_test() -> None:
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([-10.0, -8.0, -12.0, -6.0, -14.0])
    ours = stratified_mean([first, second])
    # Half of (mean + mean) is half of the difference between `first` and `-second`.
    welch = stats.ttest_ind(first, -second, equal_var=False)
    assert ours.value == pytest.approx((2.5 - 10.0) / 2)
    assert ours.p_value == pytest.approx(welch.pvalue)
    assert ours.seeds == 4


def test_three_seeds_have_a_mean_and_no_interval() -> None:
    estimate = stratified_mean([np.array([1.0, 2.0, 3.0])])
    assert estimate.value == 2.0
    assert not estimate.known


def test_a_difference_is_taken_within_seeds_that_have_every_cell_of_both() -> None:
    first = np.array([[1.0, 2.0, 3.0], [4.0, NAN, 6.0], [9.0, 9.0, 9.0]])
    second = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [NAN, NAN, NAN]])  # the last cell is missing altogether
    np.testing.assert_allclose(paired_difference(first, second), [2.0, NAN, 4.0])


def test_holm_is_the_table_worked_out_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, times 3, 2, 1: 0.03, 0.04, 0.03, of which the last may not be smaller than the one before.
    np.testing.assert_allclose(holm(np.array([0.02, NAN, 0.01, 0.03])), [0.04, NAN, 0.03, 0.04])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_a_claim_with_more_of_the_error_is_corrected_as_much_as_the_others() -> None:
    # 0.04 / 3 comes first and has all five parts; the others have two parts, then one.
    found = holm(np.array([0.03, 0.04, 0.5]), np.array([1.0, 3.0, 1.0]))
    np.testing.assert_allclose(found, [max(0.04 * 5 / 3, 0.03 * 2), 0.04 * 5 / 3, 0.5])


@pytest.mark.parametrize(("effect", "seeds"), [(0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_to_settle_are_those_of_the_textbooks(effect: float, seeds: int) -> None:
    """Paired t test, two-sided 5 %, power 80 % (Cohen 1988; the same as G*Power's)."""
    assert seeds_to_settle(effect, 1.0) == seeds
    assert seeds_to_settle(-effect * 3.0, 3.0) == seeds


def test_no_number_of_seeds_settles_a_difference_of_nothing() -> None:
    assert seeds_to_settle(0.0, 1.0) is None
    assert seeds_to_settle(0.001, 1.0) is None
    assert seeds_to_settle(NAN, 1.0) is None


def test_small_p_values_of_normal_scores_are_not_smaller_than_they_should_be() -> None:
    drawn = np.random.default_rng(0).normal(size=(6_000, 8))
    small = np.array([careful_p_value([one]) for one in drawn]) < 0.002
    assert small.mean() <= 0.003  # With the correction for skewness alone: 0.005


def test_a_careful_p_value_of_too_few_seeds_is_unknown() -> None:
    assert np.isnan(careful_p_value([np.array([1.0, 2.0])]))
