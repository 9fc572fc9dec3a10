"""Luck of evaluations: a wrong size would be taken off the variance over seeds, and a noisy extraction would look steady."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.results.evaluation_variance import evaluation_variances
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.analysis.results.scores import ScoreRule, points_table, task_scores
from tests.analysis.synthetic import SCALE, synthetic_points, write_sweep

POINTS = synthetic_points(datasets=("expert",), seeds=(0, 1), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.7,))


def rows(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"run_id": [f"run{at}" for at in range(count)], **columns})


def test_the_spread_of_few_episodes_is_taken_for_smaller_than_it_is() -> None:
    drawn = np.random.default_rng(0).normal(0.0, 3.0, (4000, 5))
    runs = rows(
        curve_return_std=[[9.0, deviation] for deviation in drawn.std(axis=1)], scale_min=[10.0] * 4000, scale_max=[20.0] * 4000
    )
    wanted = rows(eval_episodes=[2] * 4000, final_episodes=[5] * 4000)
    found = evaluation_variances(runs, wanted)
    assert found.mean() == pytest.approx((drawn.mean(axis=1) / 10.0).var(), rel=0.05)


def test_a_run_whose_luck_is_not_known_has_a_number() -> None:
    runs = rows(curve_return_std=[[2.0], [], [2.0], [np.nan]], scale_min=[0.0] * 4, scale_max=[1.0] * 4).drop(index=2)
    wanted = rows(eval_episodes=[5, 5, 5, 5], final_episodes=[None, None, None, None])
    assert np.isfinite(evaluation_variances(runs, wanted)).tolist() == [True, False, False, False]
    assert np.isnan(evaluation_variances(runs, wanted.assign(final_episodes=1))).all(), "one episode says nothing of others"


def test_the_luck_of_a_result_file_is_lost_on_its_way_to_the_scores(tmp_path: Path) -> None:
    runs = load_results(write_sweep(tmp_path, POINTS) / "results").runs
    wanted = points_table(POINTS)
    (final,) = task_scores(runs, wanted)
    found = final.evaluation_variance[final.done]
    expected = (20.0 / (SCALE[1] - SCALE[0])) ** 2 / (POINTS[0].episodes_at_the_end - 1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    (last3,) = task_scores(runs, wanted, ScoreRule.LAST3)
    assert np.isnan(last3.evaluation_variance).all(), "a mean of several evaluations has another variance"
