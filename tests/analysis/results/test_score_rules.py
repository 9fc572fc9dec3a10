"""Score rules: closed forms of those that read the curve, and thresholds of every kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.errors import ScoreRuleError
from recipe_sweep.analysis.results.score_rules import ScoreRule, StepsToThreshold, score_rule
from recipe_sweep.analysis.results.score_words import ScoreWord
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.analysis.results.thresholds import FixedScore, ScoreOfCloning, ShareOfBest
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from tests.analysis.synthetic import SCALE, result_row, synthetic_points

ONE = {"decompositions": (Decomposition.MIX,), "value_learners": (ValueLearning.SARSA,), "extractions": (Extraction.AWR,)}
POINTS = synthetic_points(datasets=("expert",), seeds=(0, 1), awr_alphas=(0.0, 1.0, 3.0), steps=1000, evaluations=4, **ONE)
CURVES = {
    (0.0, 0): [0.3, 0.3, 0.3, 0.3], (0.0, 1): [0.5, 0.5, 0.5, 0.5],
    (1.0, 0): [0.0, 0.4, 0.8, 1.0], (1.0, 1): [0.0, 0.2, 0.4, 0.6],
    (3.0, 0): [0.1, 0.1, 0.1, 0.2], (3.0, 1): [0.4, 0.4, 0.4, 0.2],
}  # fmt: skip
"""By alpha and seed, at 250, 500, 750 and 1000 steps; alpha 0 is behaviour cloning."""


def results(points: Sequence[DesignPoint] = POINTS) -> pd.DataFrame:
    low, high = SCALE
    rows = [result_row(point) for point in points]
    for point, row in zip(points, rows, strict=True):
        curve = CURVES[point.alpha, point.seed]
        row |= {"curve_return": [low + (high - low) * score for score in curve], "score": curve[-1], "status": "finished"}
    return pd.DataFrame(rows)


def scored(rule: ScoreRule) -> tuple[list[list[float]], list[float]]:
    """Scores under a rule: of the configurations by alpha and seed, and of cloning by seed."""
    (task,) = task_scores(results(), points_table(POINTS), rule)
    place = (Decomposition.place(Decomposition.MIX), ValueLearning.place(ValueLearning.SARSA), Extraction.place(Extraction.AWR))
    return task.scores[place][0].tolist(), task.cloning[0].tolist()


def test_the_area_is_of_another_curve() -> None:
    runs, cloning = scored(ScoreRule.AREA)
    assert runs[0] == pytest.approx([0.25 * (0.2 + 0.6 + 0.9), 0.25 * (0.1 + 0.3 + 0.5)])
    assert runs[1] == pytest.approx([0.025 + 0.25 * (0.1 + 0.1 + 0.15), 0.1 + 0.25 * (0.4 + 0.4 + 0.3)])
    assert cloning == pytest.approx([0.3, 0.5])


def test_a_run_that_never_reaches_the_threshold_is_better_than_one_that_does() -> None:
    runs, cloning = scored(StepsToThreshold(FixedScore(0.4)))
    assert runs == [pytest.approx([0.5, 0.25]), pytest.approx([0.0, 0.75])]
    assert cloning == pytest.approx([0.0, 0.75])


def test_the_best_score_is_of_one_lucky_run() -> None:
    # The best configuration has 0.8 over its seeds, so half of it is 0.4.
    assert scored(StepsToThreshold(ShareOfBest(0.5))) == scored(StepsToThreshold(FixedScore(0.4)))


def test_clonings_score_is_of_one_seed() -> None:
    assert scored(StepsToThreshold(ScoreOfCloning())) == scored(StepsToThreshold(FixedScore(0.4)))


def test_a_best_score_below_zero_is_easier_to_reach_than_itself() -> None:
    table = points_table(POINTS).assign(score=-1.0)
    assert ShareOfBest(0.9).of(table).unique().tolist() == [-1.0]


def test_a_threshold_that_is_not_known_gives_a_figure_without_runs() -> None:
    others = [point for point in POINTS if point.alpha]
    with pytest.raises(ScoreRuleError, match=r"no threshold on simple_spread expert.*"):
        task_scores(results(others), points_table(others), StepsToThreshold(ScoreOfCloning()))


def test_datasets_share_a_threshold() -> None:
    points = synthetic_points(datasets=("expert", "random"), seeds=(0,), awr_alphas=(1.0,), **ONE)
    table = points_table(points).assign(score=[1.0, 0.2])
    assert ShareOfBest(0.5).of(table).tolist() == [0.5, 0.1]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(None, ShareOfBest(0.9)), ("50%", ShareOfBest(0.5)), ("cloning", ScoreOfCloning()), ("-0.5", FixedScore(-0.5))],
)
def test_a_threshold_is_read_as_another(threshold: str | None, expected: object) -> None:
    rule = score_rule(ScoreWord.STEPS, threshold)
    assert isinstance(rule, StepsToThreshold)
    assert rule.threshold == expected


@pytest.mark.parametrize("threshold", ["0%", "120%", "expert", "", "1e"])
def test_a_threshold_that_is_none_is_taken(threshold: str) -> None:
    with pytest.raises(ScoreRuleError, match="90%"):
        score_rule(ScoreWord.STEPS, threshold)


@pytest.mark.parametrize("word", [word for word in ScoreWord if word is not ScoreWord.STEPS])
def test_a_rule_without_a_threshold_ignores_one(word: ScoreWord) -> None:
    with pytest.raises(ScoreRuleError, match=f"--score {word}"):
        score_rule(word, "90%")
    assert score_rule(word).words


def test_every_rule_is_said_in_the_same_words() -> None:
    rules = [score_rule(word) for word in ScoreWord]
    assert len({rule.words for rule in rules}) == len(rules)
    assert [rule.one_scale for rule in rules] == [True, True, True, True, False]
    assert StepsToThreshold(FixedScore(0.5)).one_scale


def test_a_curve_with_a_number_that_is_none_is_not_counted() -> None:
    runs = pd.DataFrame({"curve_return": [np.array([1.0, np.nan]), np.array([1.0, 2.0])]})
    assert ScoreRule.AREA.unusable(runs) == 1
