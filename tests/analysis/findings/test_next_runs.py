"""The next grid: exactly the runs that a recommendation lacks, none that is done, and nothing once all are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_sweep.analysis.findings.next_runs import NextRuns, Scope, next_runs
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.recommendation import Recommendation, recommend
from recipe_sweep.analysis.report.next_grid import next_grid
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, ValueLearning
from recipe_sweep.search_spaces.yaml_file import parse_yaml
from tests.analysis.findings.test_claims import SMALL, noise
from tests.analysis.synthetic import synthetic_points
from tests.search_spaces.grids import grid_of

GRID = grid_of()
MIXES = (Decomposition.MIX, Decomposition.DEC)
SWEEPS = {
    "one task": synthetic_points(seeds=range(3), decompositions=MIXES, **SMALL),
    "varied norms": synthetic_points(
        seeds=(5, 1),
        decompositions=(Decomposition.MIX,),
        value_learners=(ValueLearning.SARSA, ValueLearning.IQL),
        critic_norms=(CriticNorm.SVN, CriticNorm.NONE),
        **SMALL,
    ),
    "two tasks": synthetic_points(
        tasks=("simple_spread", "2ant"),
        seeds=range(2),
        value_learners=(ValueLearning.TD,),
        **(SMALL | {"datasets": ("expert",)}),
    ),
}


def panels(points: Sequence[DesignPoint], done: Sequence[DesignPoint]) -> list[TaskPanels]:
    runs = pd.DataFrame([{"run_id": point.run_id, "score": noise(point), "status": "finished"} for point in done])
    return [task_panels(one, np.random.default_rng(0), 200) for one in task_scores(runs, points_table(points))]


def ids(points: Sequence[DesignPoint]) -> set[str]:
    return {point.run_id for point in points}


def listed(runs: Sequence[NextRuns]) -> list[DesignPoint]:
    return [point for one in runs for point in one.points]


def advice(name: str, share: float, budget: int | None = None) -> tuple[Recommendation, list[DesignPoint]]:
    """A recommendation from a part of a sweep, and the runs of that part."""
    points = SWEEPS[name]
    done = [point for point in points if random.Random(point.run_id).random() < share]
    return recommend(panels(points, done), budget=budget), done


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(SWEEPS)),
    share=st.sampled_from([0.6, 0.8, 0.95, 1.0]),
    budget=st.sampled_from([None, 1, 3, 8, 100]),
)
def test_the_next_grid_has_the_runs_that_are_recommended_and_none_that_is_done(
    name: str, share: float, budget: int | None
) -> None:
    found, done = advice(name, share, budget)
    runs = next_runs(found.steps, SWEEPS[name], done, Scope())
    assert [len(one.points) for one in runs] == [step.runs for step in found.steps], "the text and the grid do not agree"
    chosen = listed(runs)
    assert not ids(chosen) & ids(done)
    assert budget is None or len(chosen) <= budget
    if chosen:
        written = grid_from(parse_yaml(next_grid(found, runs, GRID, "test-next"), "next.yaml"))
        assert ids(expand(written, numerics=1).points) == ids(chosen)
        assert written.name == "test-next"


@pytest.mark.parametrize("name", SWEEPS)
def test_when_the_next_grid_is_done_the_same_advice_lists_nothing(name: str) -> None:
    found, done = advice(name, 0.8)
    first = next_runs(found.steps, SWEEPS[name], done, Scope())
    assert listed(first)
    again = next_runs(found.steps, SWEEPS[name], [*done, *listed(first)], Scope())
    assert not listed(again)
    outside = ids(listed(first)) - ids(SWEEPS[name])
    assert sum(one.done for one in again) == len(outside)


def test_every_configuration_comes_to_four_seeds_on_each_dataset() -> None:
    found, done = advice("two tasks", 1.0)
    runs = next_runs(found.steps, SWEEPS["two tasks"], done, Scope())
    seeds = Counter(point.config_id for point in [*done, *listed(runs)])
    assert {seeds[point.config_id] for point in listed(runs)} == {4}
    assert {point.task for point in listed(runs)} == {"simple_spread", "2ant"}


def test_only_the_task_and_dataset_that_were_asked_about_are_listed() -> None:
    points = SWEEPS["one task"]
    found = recommend(panels(points, points), dataset="random")
    chosen = listed(next_runs(found.steps, points, points, Scope(dataset="random")))
    assert {point.dataset for point in chosen} == {"random"}


def test_seeds_of_the_grid_come_before_new_ones() -> None:
    points = SWEEPS["varied norms"]
    found = recommend(panels(points, [point for point in points if point.seed == 5 or noise(point) > -9]), budget=None)
    done = [point for point in points if point.seed == 5]
    new = next_runs(found.steps[:1], points, done, Scope())[0].points
    assert {point.seed for point in new} <= {0, 1, 2}
    assert new[0].seed == 1


def test_without_results_the_papers_recipe_takes_over_the_grids_settings() -> None:
    points = SWEEPS["one task"]
    found = recommend(())
    chosen = listed(next_runs(found.steps, points, (), Scope(most_datasets=1)))
    assert len(chosen) == sum(step.runs for step in found.steps) == 12
    assert {(point.decomposition.name, point.critic_norm.name, point.steps) for point in chosen} == {
        ("mix", "svn", points[0].steps)
    }
    assert len({point.dataset for point in chosen}) == 1


def test_the_grid_says_why_each_configuration_is_in_it() -> None:
    found, done = advice("one task", 0.8)
    runs = next_runs(found.steps, SWEEPS["one task"], done, Scope())
    text = " ".join(line.removeprefix("#").strip() for line in next_grid(found, runs, GRID, "n").splitlines())
    assert all(one.step.recipe.text in text and one.step.why in text for one in runs if one.points)
    assert "Runs that are done are not listed." in text
