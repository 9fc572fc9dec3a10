"""Whether training had ended: curves of known truth, through the result files' rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.estimators.learning_curves import chosen_by_others
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.findings.learning import Learning, learning
from recipe_sweep.analysis.findings.learning_table import learning_frame
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.standing import under_cloning
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning
from scripts.learning_rates import FLAT, RISING, Curves, World, rates
from scripts.world_sweeps import paper_shape
from tests.analysis.synthetic import SCALE, result_row, synthetic_points

LEARNERS = (ValueLearning.TD, ValueLearning.SARSA)
TENTHS = np.arange(1, 11) / 10
Curve = Callable[[DesignPoint, np.random.Generator], Floats]


def points_of(seeds: Sequence[int] = range(8), awr_alphas: Sequence[float] = (1.0,)) -> tuple[DesignPoint, ...]:
    return synthetic_points(
        datasets=("expert", "random"), seeds=seeds, value_learners=LEARNERS, brac_alphas=(0.1,), awr_alphas=awr_alphas,
        steps=1000, evaluations=10,
    )  # fmt: skip


def rows(points: Sequence[DesignPoint], curve: Curve) -> pd.DataFrame:
    """Result rows whose curves are these, in score units."""
    rng, (low, high), made = np.random.default_rng(0), SCALE, []
    for point in points:
        scores = curve(point, rng)
        returns = (low + (high - low) * scores).tolist()
        own = {"score": scores[-1], "status": "finished", "curve_return": returns, "curve_return_std": [0.0] * len(scores)}
        made.append(result_row(point) | own)
    return pd.DataFrame(made)


def found(points: Sequence[DesignPoint], curve: Curve, **changed: object) -> Learning:
    runs = rows(points, curve).assign(**changed)
    return learning(runs, points_table(points), blocks_of(runs, points))


def blocks_of(runs: pd.DataFrame, points: Sequence[DesignPoint]) -> list[TaskPanels]:
    return [task_panels(task, np.random.default_rng(0), 20) for task in task_scores(runs, points_table(points))]


@cache
def curves(seeds: int, alphas: int) -> Curves:
    return Curves.of(paper_shape(seeds, alphas, alphas))


def awr_rises(point: DesignPoint, rng: np.random.Generator) -> Floats:
    noise: Floats = 0.5 + 0.02 * rng.normal(size=10)
    return noise + (0.5 * TENTHS if point.extraction is Extraction.AWR else 0.0)


def test_a_panel_whose_scores_rise_is_not_marked_or_one_that_is_flat_is() -> None:
    points = points_of()
    learned = found(points, awr_rises)
    assert [panel.still for panel in learned.panels] == [panel.extraction is Extraction.AWR for panel in learned.panels]
    assert "2 of 4 panels are still learning" in learned.sentence
    assert "by 0.05" in learned.sentence
    assert "2 of the 4 panels behind" in learned.caution
    for panel in learned.panels:
        assert panel.slope.value == pytest.approx(0.05 if panel.still else 0.0, abs=0.004)
    for one in learned.datasets:
        assert one.runs == len(points) // 2
        assert one.rising == pytest.approx(0.5, abs=0.06)
        assert one.mean.low < 0.025 < one.mean.high
    (block,) = (
        task_panels(task, np.random.default_rng(0), 20) for task in task_scores(rows(points, awr_rises), points_table(points))
    )
    marked = [learned.still(panel) for panel in block.panels]
    assert marked == [panel.extraction is not Extraction.BRAC for panel in block.panels], "a mean over both rises as well"


def test_flat_curves_have_a_word_of_caution() -> None:
    learned = found(points_of(), lambda point, rng: 0.5 + 0.1 * rng.normal(size=10))
    assert learned.caution == ""
    assert learned.sentence.startswith("In none of 4 panels")


def test_three_seeds_are_enough_for_a_verdict() -> None:
    learned = found(points_of(seeds=range(3)), awr_rises)
    assert learned.judged == ()
    assert (learned.sentence, learned.caution) == ("", "")
    assert all(one.rising > 0.3 for one in learned.datasets), "each run is judged against its own noise"


def test_diverged_runs_count_as_curves() -> None:
    learned = found(points_of(), awr_rises, status="diverged")
    assert [one.runs for one in learned.datasets] == [0, 0]
    assert learned.judged == ()


def test_clonings_score_is_not_reached_by_those_who_have_it() -> None:
    points = points_of(awr_alphas=(0.0, 1.0))

    def curve(point: DesignPoint, _: np.random.Generator) -> Floats:
        height = 0.6 if point.alpha == 0.0 else 0.9 if point.extraction is Extraction.AWR else 0.3
        return np.full(10, height)

    assert [one.reached for one in found(points, curve).datasets] == [0.5, 0.5]
    blocks = [
        task_panels(task, np.random.default_rng(0), 20) for task in task_scores(rows(points, curve), points_table(points))
    ]
    assert under_cloning(blocks) == (2, 4)
    assert all(np.isnan(one.reached) for one in found(points_of(), curve).datasets), "nobody knows cloning's score"


def test_a_number_of_the_page_is_in_no_file() -> None:
    learned = found(points_of(), awr_rises)
    table = learning_frame(learned)
    assert set(table["task"]) == {"simple_spread"}
    assert table["dataset"].tolist() == ["expert", "random", *["all"] * 4]
    assert table["still_learning"].tolist()[2:] == [panel.still for panel in learned.panels]
    assert table["rising"].tolist()[:2] == [one.rising for one in learned.datasets]
    assert np.isfinite(table["slope"]).all()


def test_a_configuration_is_chosen_by_its_own_luck() -> None:
    scores = np.array([[9.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    # Without the first seed, the second configuration is the better one.
    assert chosen_by_others(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), scores).tolist() == [4.0, 2.0, 3.0]
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(4000, 8, 8))
    assert abs(chosen_by_others(noise, noise).mean()) < 0.02
    assert np.isnan(chosen_by_others(noise[..., :1], noise[..., :1])).all()


@pytest.mark.parametrize("world", FLAT, ids=lambda world: world.name)
def test_flat_sweeps_are_often_called_still_learning(world: World) -> None:
    assert rates(world, curves(4, 2), 6).any_false <= 1 / 6


def test_a_sweep_that_rises_fast_is_called_trained() -> None:
    found = rates(RISING[-1]._replace(slope=0.08), curves(8, 1), 3)
    assert found.found > 0.9
    assert found.false < 0.1
