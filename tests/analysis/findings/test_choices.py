"""Each choice by all of its runs: against numbers made so that the answer is known, and what is left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.findings.choices import THRESHOLDS, Choice, choices
from recipe_sweep.analysis.findings.choices_table import choices_frame
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from tests.analysis.synthetic import synthetic_points


def blocks(points: tuple[DesignPoint, ...], score: Callable[[pd.DataFrame], object]) -> tuple[TaskPanels, ...]:
    wanted = points_table(points)
    runs = wanted[["run_id"]].assign(score=score(wanted), status="finished")
    return tuple(task_panels(task, np.random.default_rng(0), 50) for task in task_scores(runs, wanted))


def noisy(wanted: pd.DataFrame) -> object:
    noise = np.random.default_rng(0).normal(size=len(wanted))
    return 0.1 * noise + 0.5 * (wanted["decomposition"] == "mix")


def choice(found: tuple[Choice, ...], axis: str) -> Choice:
    return next(one for one in found if one.axis == axis)


POINTS = synthetic_points(
    tasks=("2ant", "simple_spread"),
    datasets=("expert", "medium"),
    seeds=range(5),
    brac_alphas=(0.1,),
    awr_alphas=(1.0,),
    taus=(0.9,),
)


def test_a_value_that_is_better_everywhere_wins_nearly_always_and_leads_by_its_lead() -> None:
    found = choice(choices(blocks(POINTS, noisy)), "decomposition")
    means = {one.name: one.interquartile_mean for one in found.values}
    assert means["Mix"].value - means["VDN"].value == pytest.approx(0.5, abs=0.05)
    assert means["Mix"].low > means["VDN"].high
    against = dict(found.against("Mix"))
    assert all(one.value > 0.95 for one in against.values())
    assert dict(found.against("VDN"))["Mix"].value == pytest.approx(1.0 - against["VDN"].value)
    assert all(0.0 <= one.low <= one.value <= one.high <= 1.0 for name in means for _, one in found.against(name))
    mix, vdn = (next(one for one in found.values if one.name == name) for name in ("Mix", "VDN"))
    assert all(a.value >= b.value for a, b in zip(mix.profile, vdn.profile, strict=True))


def test_a_choice_with_more_configurations_wins_by_their_number_alone() -> None:
    many = synthetic_points(
        datasets=("expert", "medium"), seeds=range(8), brac_alphas=tuple(0.1 * (1 + i) for i in range(8)), awr_alphas=(1.0,)
    )
    luck = np.random.default_rng(1)
    found = [choice(choices(blocks(many, lambda wanted: luck.normal(size=len(wanted)))), "extraction") for _ in range(6)]
    means = np.mean([[value.interquartile_mean.value for value in one.values] for one in found], axis=0)
    assert means[0] - means[1] == pytest.approx(0.0, abs=0.12), "the best of 8 on the same seeds is ahead by 0.5"
    assert np.mean([one.improvements[0].probability.value for one in found]) == pytest.approx(0.5, abs=0.04)
    above = [[[share.value > 0.5 for share in value.profile].index(False) for value in one.values] for one in found]
    assert abs(np.diff(np.mean(above, axis=0))[0]) < 1.0, "profiles cross one half at the same threshold"


def test_choices_that_change_nothing_are_even() -> None:
    found = choice(choices(blocks(POINTS, noisy)), "value learning")
    assert all(one.probability.low < 0.5 < one.probability.high for one in found.improvements)
    assert [one.runs for one in found.values] == [4 * 2 * 2 * 2 * 5] * 3


def test_equal_runs_tie() -> None:
    found = choices(blocks(POINTS, lambda wanted: np.ones(len(wanted))))
    assert {one.probability.value for axis in found for one in axis.improvements} == {0.5}


def test_under_four_seeds_there_is_no_interval() -> None:
    points = tuple(point for point in POINTS if point.seed < 3)
    found = choices(blocks(points, noisy))
    assert found
    assert all(np.isnan(one.interquartile_mean.low) for axis in found for one in axis.values)


def test_of_an_axis_with_one_value_there_is_nothing_to_compare() -> None:
    points = tuple(point for point in POINTS if point.value_learning is ValueLearning.TD)
    assert [one.axis for one in choices(blocks(points, noisy))] == ["decomposition", "extraction"]


def test_a_task_that_lacks_a_design_does_not_count_and_neither_does_a_sweep_of_such_tasks() -> None:
    def lacking(wanted: pd.DataFrame) -> object:
        gone = (wanted["task"] == "2ant") & (wanted["decomposition"] == Decomposition.CEN) & (wanted["value_learning"] == "td")
        return np.where(gone, np.nan, noisy(wanted))

    made = blocks(POINTS, lacking)
    found = choice(choices(made), "extraction")
    assert [one.runs for one in found.values] == [4 * 3 * 2 * 5] * 2
    assert choices(made[:1] if made[0].scores.task == "2ant" else made[1:]) == ()


def test_the_csv_has_every_number() -> None:
    found = choices(blocks(POINTS, noisy))
    frame = choices_frame(found)
    counts = frame["statistic"].value_counts()
    assert counts["interquartile_mean"] == 4 + 3 + 2
    assert counts["share_above"] == (4 + 3 + 2) * THRESHOLDS
    assert counts["probability_of_improvement"] == 6 + 3 + 1
    assert frame[["value", "low", "high"]].notna().all(axis=None)
