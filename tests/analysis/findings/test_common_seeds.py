"""Bars of a panel are compared on the seeds that all of them have, so a half-done design cannot look better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from recipe_sweep.analysis.findings.common_seeds import compared, seed_notes
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.standing import standing
from recipe_sweep.analysis.results.scores import TaskScores, points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction
from tests.analysis.synthetic import result_row, synthetic_points

POINTS = synthetic_points(seeds=range(4), datasets=("expert", "random"), brac_alphas=(0.1, 1.0), awr_alphas=(1.0,), taus=(0.9,))


def luck(point: DesignPoint) -> float:
    """All designs are equal. The later seeds are unlucky."""
    return 0.8 if point.seed < 2 else 0.2


def scores_of(done: Callable[[DesignPoint], bool], score: Callable[[DesignPoint], float] = luck) -> TaskScores:
    there = [point for point in POINTS if done(point)]
    runs = pd.DataFrame([result_row(point) for point in there]).assign(score=[score(point) for point in there])
    (task,) = task_scores(runs, points_table(POINTS))
    return task


def panels_of(task: TaskScores) -> TaskPanels:
    return task_panels(task, np.random.default_rng(0), resamples=100)


def lacks_later_seeds(point: DesignPoint) -> bool:
    return point.decomposition is not Decomposition.MIX or point.seed < 2


def test_a_half_done_design_is_not_called_best_because_its_seeds_were_lucky() -> None:
    block = panels_of(scores_of(lacks_later_seeds))
    for panel in block.panels:
        assert {round(bar.value, 9) for bar in panel.bars} == {0.8}, "every bar is drawn from the two seeds that all have"
        assert {bar.rank for bar in panel.bars} == {1}, "equal designs share the first rank"
        assert {bar.seeds for bar in panel.bars} == {2}


def test_a_half_done_design_is_not_called_best_because_its_choice_had_fewer_seeds() -> None:
    def score(point: DesignPoint) -> float:
        return 0.9 if (point.alpha == 0.1) == (point.seed < 2) else 0.1

    block = panels_of(scores_of(lacks_later_seeds, score))
    (brac, *_) = [panel for panel in block.cells if panel.extraction is Extraction.BRAC]
    assert {bar.rank for bar in brac.bars} == {1}, "the best of two was 0.9 on two seeds for every design, not for one"


def test_a_complete_sweep_is_compared_by_the_very_scores_that_it_has() -> None:
    task = scores_of(lambda point: True)
    found = compared(task)
    np.testing.assert_array_equal(found.scores, task.scores)
    assert found.ranked[task.wanted.any(axis=(-1, -2, -3))].all()
    assert not found.narrowed.any()
    assert not found.apart.any()
    assert seed_notes([task]) == ()


def test_a_bar_without_runs_leaves_its_neighbours_their_seeds() -> None:
    task = scores_of(
        lambda point: point.decomposition is not Decomposition.MIX or (point.dataset == "expert" and point.seed < 1)
    )
    for panel in panels_of(task).cells:
        assert [(bar.rank > 0, bar.seeds) for bar in panel.bars] == [
            (bar.decomposition is not Decomposition.MIX, 1 if bar.decomposition is Decomposition.MIX else 4)
            for bar in panel.bars
        ]
    assert seed_notes([task]) == ()


def test_bars_without_a_common_seed_are_not_ranked_and_not_hidden() -> None:
    task = scores_of(lambda point: (point.seed < 2) == (point.decomposition is Decomposition.MIX))
    block = panels_of(task)
    assert all(bar.rank == 0 and np.isfinite(bar.value) for panel in block.panels for bar in panel.bars)
    assert standing((block,), Decomposition.MIX).panels == 0
    assert seed_notes([task]) == ("6 panels have no ranks, because their bars have no seed in common.",)


def test_the_report_says_how_many_panels_leave_seeds_out() -> None:
    task = scores_of(lacks_later_seeds)
    assert seed_notes([task, task]) == ("12 panels use only the seeds that all of their bars have, because runs are missing.",)
