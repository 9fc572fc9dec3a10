"""Scores on two scales are never compared: they are scored anew from returns, or refused."""

from __future__ import annotations

import pandas as pd
import pytest

from recipe_sweep.analysis.errors import MixedScalesError
from recipe_sweep.analysis.results.one_scale import on_one_scale
from recipe_sweep.sweep.results.scales import present_scale
from tests.analysis.synthetic import result_row, synthetic_points

POINTS = synthetic_points(seeds=(0, 1), datasets=("expert",), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))
RUNS = pd.DataFrame([result_row(point) for point in POINTS])
VERSION = POINTS[0].dataset_version
(TASK,), (SOURCE,) = RUNS["task"].unique(), RUNS["source"].unique()


def on_a_second_scale(runs: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """The later half of the runs with the same returns, scored on another scale."""
    moved, later = runs.copy(), runs.index >= len(runs) // 2
    for name in ("score", "score_best", "score_last3"):
        returns = runs["scale_min"] + runs[name] * (runs["scale_max"] - runs["scale_min"])
        moved.loc[later, name] = (returns[later] - low) / (high - low)
    moved.loc[later, ["scale_min", "scale_max"]] = low, high
    return moved


def test_runs_on_one_scale_keep_their_very_scores_even_if_it_is_an_old_one() -> None:
    found, sentences = on_one_scale(RUNS)
    pd.testing.assert_frame_equal(found, RUNS, check_exact=True)
    assert sentences == ()


def test_runs_on_two_scales_are_scored_by_the_present_reference_returns() -> None:
    present = present_scale(SOURCE, TASK, [VERSION])
    assert present is not None
    found, (sentence,) = on_one_scale(on_a_second_scale(RUNS, -100.0, 1000.0))
    assert found["score"].tolist() == pytest.approx(
        ((RUNS["return_final"] - present.minimum) / (present.maximum - present.minimum)).tolist()
    ), "equal returns must score alike"
    assert set(found["scale_min"]) == {present.minimum}
    assert set(found["scale_max"]) == {present.maximum}
    assert f"Scores of {TASK} ({SOURCE}) were on 2 scales" in sentence
    assert "-100 to 1000" in sentence


def test_runs_that_have_the_present_scale_already_keep_their_very_scores() -> None:
    present = present_scale(SOURCE, TASK, [VERSION])
    assert present is not None
    mixed = on_a_second_scale(RUNS, *present)
    found, _ = on_one_scale(mixed)
    later = len(RUNS) // 2
    assert found["score"].tolist()[later:] == mixed["score"].tolist()[later:]


def test_two_scales_of_a_plugins_dataset_are_refused_with_what_to_do() -> None:
    runs = on_a_second_scale(RUNS, -100.0, 1000.0).assign(source="registered")
    with pytest.raises(MixedScalesError) as raised:
        on_one_scale(runs)
    (problem,) = raised.value.problems
    assert problem.key == f"scores of {TASK} expert (registered)"
    assert "2 scales" in problem.found
    assert "-100 to 1000" in problem.found
    assert problem.expected
    assert problem.hint


def test_two_registered_datasets_may_have_two_scales() -> None:
    runs = on_a_second_scale(RUNS, -100.0, 1000.0).assign(source="registered")
    runs["dataset"] = ["first" if low != -100.0 else "second" for low in runs["scale_min"]]
    found, sentences = on_one_scale(runs)
    pd.testing.assert_frame_equal(found, runs, check_exact=True)
    assert sentences == ()


def test_runs_on_data_of_two_versions_are_scored_by_the_newer_one() -> None:
    assert present_scale("homegrown", "2ant", ["1"]) == (-1105.6094971075654, 4168.766073167324)
    newer = present_scale("homegrown", "2ant", ["1", "2"])
    assert newer == present_scale("homegrown", "2ant", ["2"])
    assert newer is not None
    assert newer.minimum == -62.986767026567


def test_a_version_that_this_release_does_not_know_has_no_reference_returns() -> None:
    assert present_scale("homegrown", "2ant", ["9"]) is None
    assert present_scale("registered", "2ant", ["1"]) is None
    assert present_scale("homegrown", "a plugin's", ["1"]) is None
