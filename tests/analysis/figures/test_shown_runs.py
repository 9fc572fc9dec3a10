"""Which runs the figures made of weights show: a figure chooses from what is kept, and says what it misses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from recipe_sweep.analysis.figures import figure1_support, figure2_game, figure8_value_learning
from recipe_sweep.analysis.figures.inputs import alike
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import Lacking, NothingLearned
from tests.analysis.synthetic import AWR_ALPHAS, BRAC_ALPHAS, material_of, synthetic_points, write_sweep

POINTS = synthetic_points(datasets=("medium", "expert"))
GAME = synthetic_points(tasks=("two_step",), seeds=(0,))


class Runs(NothingLearned):
    """Runs of a sweep, of which some weights are kept and no dataset is at hand."""

    def __init__(self, wanted: Sequence[DesignPoint], kept: Sequence[DesignPoint] = ()) -> None:
        super().__init__("asked")
        self._wanted, self._kept = tuple(wanted), tuple(kept)

    def wanted(self) -> tuple[DesignPoint, ...]:  # type: ignore[override]
        return self._wanted

    def kept(self, *, critics: bool) -> tuple[DesignPoint, ...]:  # type: ignore[override]
        return self._kept


def test_figure_1_shows_temperatures_at_which_values_weigh_little() -> None:
    shown = figure1_support.shown_runs(POINTS)
    assert {(p.extraction, p.alpha) for p in shown} == {(Extraction.BRAC, min(BRAC_ALPHAS)), (Extraction.AWR, max(AWR_ALPHAS))}
    assert {p.value_learning for p in shown} == {ValueLearning.TD}
    assert {p.decomposition for p in shown} == {Decomposition.CEN, Decomposition.VDN, Decomposition.DEC}
    assert {p.seed for p in shown} == {0, 1}


def test_figure_1_mixes_datasets_or_takes_one_without_both_extractions() -> None:
    one_sided = [p for p in POINTS if p.dataset == "expert" or p.extraction is Extraction.BRAC]
    assert {p.dataset for p in figure1_support.shown_runs(POINTS)} == {"medium"}
    assert {p.dataset for p in figure1_support.shown_runs(one_sided)} == {"expert"}
    assert figure1_support.shown_runs([p for p in POINTS if p.extraction is Extraction.AWR]) == ()
    assert figure1_support.shown_runs(GAME) == (), "actions of the game span no plane"
    assert figure1_support.shown_runs(synthetic_points(tasks=("skirmish_3m",), seeds=(0,))) == (), "nor do those of a battle"


def test_figure_8_compares_runs_that_differ_in_more_than_the_value_learner() -> None:
    shown = figure8_value_learning.shown_runs(POINTS[::-1])
    assert [p.value_learning for p in shown] == [ValueLearning.TD, ValueLearning.SARSA, ValueLearning.IQL]
    assert {(p.dataset, p.decomposition, p.extraction, p.alpha, p.seed) for p in shown} == {
        ("expert", Decomposition.MIX, Extraction.AWR, 0.3, 0)
    }
    assert [p.tau for p in shown] == [None, None, 0.9]


def test_figure_8_is_drawn_of_two_value_learners() -> None:
    assert figure8_value_learning.shown_runs([p for p in POINTS if p.value_learning is not ValueLearning.IQL]) == ()


def test_figure_2_shows_other_tasks_or_other_decompositions() -> None:
    shown = figure2_game.shown_runs((*POINTS, *GAME))
    assert {p.task for p in shown} == {"two_step"}
    assert {p.decomposition for p in shown} == {Decomposition.VDN, Decomposition.MIX}
    assert len(shown) == len(GAME) / 2


def test_groups_are_in_the_order_of_the_points() -> None:
    assert alike(POINTS)[0][0].dataset == "medium"
    assert alike(POINTS[::-1])[0][0].dataset == "expert"
    assert sum(map(len, alike(POINTS))) == len(POINTS)


TD = [p for p in POINTS if p.value_learning is ValueLearning.TD]
CASES = [
    (figure1_support, NothingLearned("a rehearsal"), "a rehearsal"),
    (figure1_support, Runs(POINTS), "no dataset has finished TD runs of Cen, VDN or Dec with both BRAC and AWR"),
    (figure1_support, Runs(POINTS, POINTS), "asked"),
    (figure2_game, NothingLearned("a rehearsal"), "a rehearsal"),
    (figure2_game, Runs(POINTS, POINTS), "no runs of VDN or Mix on the two-step game"),
    (figure2_game, Runs(GAME), "critics were not kept, or no run is finished"),
    (figure2_game, Runs(GAME, GAME), "asked"),
    (figure8_value_learning, NothingLearned("a rehearsal"), "a rehearsal"),
    (figure8_value_learning, Runs(POINTS, TD), "no dataset has finished runs of Mix with AWR under TD, SARSA and IQL"),
    (figure8_value_learning, Runs(POINTS, POINTS), "asked"),
]


@pytest.mark.parametrize(("figure", "runs", "says"), CASES)
def test_what_a_figure_lacks_is_not_said(tmp_path: Path, figure: object, runs: NothingLearned, says: str) -> None:
    points = TD[:2]
    write_sweep(tmp_path, points)
    lacking = figure.draw(material_of(points, tmp_path, runs))  # type: ignore[attr-defined]
    assert isinstance(lacking, Lacking)
    assert says in lacking.what
