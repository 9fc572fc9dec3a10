"""Curves whose area, first time at a threshold and last slope are known."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.learning_curves import area_under, first_reached, last_slopes, surely_rising
from recipe_sweep.analysis.estimators.seed_statistics import Floats

TENTHS = np.arange(1, 11) / 10


def curves(*rows: list[float] | Floats) -> Floats:
    """Rows of one length, with NaN behind the shorter ones."""
    padded = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, one in zip(padded, rows, strict=True):
        row[: len(one)] = one
    return padded


def test_the_area_of_a_line_is_not_its_middle() -> None:
    times = curves([0.25, 0.5, 1.0], [0.25, 0.5, 1.0], [1.0], [0.25, 0.5])
    scores = curves([0.4, 0.4, 0.4], [0.0, 0.4, 0.8], [0.7], [0.0, 0.8])
    # By hand: 0.25 * 0.2 + 0.5 * 0.6 for the second; the last ended early, and its last score counts to the end.
    assert area_under(times, scores) == pytest.approx([0.4, 0.35, 0.7, 0.25 * 0.4 + 0.5 * 0.8])


def test_a_straight_line_from_the_first_evaluation_on_has_the_mean_of_its_ends() -> None:
    times = np.linspace(0.0, 1.0, 21)[None]
    assert area_under(times, 3.0 * times) == pytest.approx([1.5])


def test_a_threshold_is_reached_at_another_step_than_the_first_above_it() -> None:
    times = curves(TENTHS, TENTHS, TENTHS, TENTHS[:4])
    scores = curves(TENTHS, TENTHS, -TENTHS, TENTHS[:4])
    found = first_reached(times, scores, np.array([0.3, 1.0, 0.3, 0.9]))
    assert found == pytest.approx([0.3, 1.0, 1.0, 1.0]), "a run that never gets there counts as if it did at the end"


def test_a_curve_that_reaches_a_threshold_and_falls_again_counts_as_never() -> None:
    assert first_reached(curves([0.25, 0.5, 1.0]), curves([0.1, 0.9, 0.0]), np.array([0.8])) == pytest.approx([0.5])
    assert np.isnan(first_reached(curves([0.5, 1.0]), curves([0.1, 0.9]), np.array([np.nan]))).all()


def test_the_slope_of_a_line_is_wrong_or_looks_at_the_beginning() -> None:
    late = np.where(TENTHS < 0.65, 5.0, 0.2 * TENTHS)
    slopes = last_slopes(curves(TENTHS, TENTHS), curves(late, np.full(10, 0.3)), np.full((2, 10), 0.1))
    assert slopes.slope == pytest.approx([0.02, 0.0]), "per tenth of training"
    assert slopes.freedom.tolist() == [2, 2], "the evaluations at 0.7, 0.8, 0.9 and 1"
    assert slopes.leverage == pytest.approx([0.2, 0.2])
    assert slopes.noise == pytest.approx([0.01, 0.01])
    assert slopes.squares == pytest.approx([0.0, 0.0])


def test_a_curve_that_is_too_coarse_or_ended_early_is_judged() -> None:
    short, quarters, thirds = [0.5, 1.0], [0.25, 0.5, 0.75, 1.0], [1 / 3, 2 / 3, 1.0]
    early = [0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6]
    times = curves(short, quarters, thirds, early)
    slopes = last_slopes(times, times, np.zeros_like(times))
    assert slopes.freedom.tolist() == [0, 1, 0, 0]
    assert np.isfinite(slopes.slope).tolist() == [False, True, False, False]
    assert surely_rising(slopes, np.arange(4)).tolist() == [False, True, False, False]


def test_flat_curves_are_called_rising() -> None:
    rng = np.random.default_rng(0)
    flat = rng.normal(0.5, 0.1, size=(4000, 10))
    times = np.broadcast_to(TENTHS, flat.shape)
    groups = np.arange(4000) // 8
    assert surely_rising(last_slopes(times, flat, np.full(flat.shape, 0.1)), groups).mean() < 0.03
    # The episodes of these evaluations say that there is no noise; only the scatter around the lines tells.
    unknown = surely_rising(last_slopes(times, flat, np.zeros(flat.shape)), groups).mean()
    assert unknown < 0.035
    rising = flat + 0.3 * 10 * (times - 0.7)
    assert surely_rising(last_slopes(times, rising, np.full(flat.shape, 0.1)), groups).mean() > 0.99


def test_one_score_at_every_evaluation_is_called_rising() -> None:
    times = curves(TENTHS)
    saturated = np.full((1, 10), 0.1 + 0.2)
    assert not surely_rising(last_slopes(times, saturated, np.zeros((1, 10))), np.zeros(1, dtype=np.int64)).any()
