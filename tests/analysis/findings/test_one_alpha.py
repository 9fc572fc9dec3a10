"""One configuration everywhere: which one is chosen, and what it is worth on each task."""

from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.analysis.findings.one_alpha import one_alphas
from recipe_sweep.analysis.findings.panel_tables import bars_frame, configurations_frame
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from tests.analysis.synthetic import synthetic_points

POINTS = synthetic_points(datasets=("expert", "random"), seeds=range(4), brac_alphas=(0.1, 1.0), awr_alphas=(1.0,), taus=(0.9,))


def score(point: DesignPoint) -> float:
    """BRAC's small alpha suits the expert data, and its large one the random data, a little better on the whole."""
    if point.extraction.climbs_critic:
        return {("expert", 0.1): 0.9, ("expert", 1.0): 0.6, ("random", 0.1): 0.1, ("random", 1.0): 0.5}[
            point.dataset, point.alpha
        ]
    return 0.4


def blocks(points: tuple[DesignPoint, ...] = POINTS, gone: tuple[str, ...] = ()) -> tuple[TaskPanels, ...]:
    runs = points_table(points)[["run_id", "dataset", "alpha"]].assign(
        score=[score(point) for point in points], status="finished"
    )
    runs = runs[~((runs["dataset"] == "expert") & runs["alpha"].astype(str).isin(gone))]
    return tuple(task_panels(task, np.random.default_rng(0), 50) for task in task_scores(runs, points_table(points)))


def test_a_reader_who_cannot_tune_is_promised_the_best_alpha_of_each_dataset() -> None:
    (block,) = found = blocks()
    alphas = one_alphas(found)
    for panel in block.cells:
        for bar in panel.bars:
            (one,) = alphas.of(panel, bar)
            assert one is not None
            several = one.choices > 1
            assert (one.configuration.alpha, one.choices) == ((1.0, 2) if several else (1.0, 1))
            assert bar.score == pytest.approx(0.7 if several else 0.4)
            assert alphas.score(panel, bar) == pytest.approx(0.55 if several else 0.4)
    (top, *_) = block.over_extraction
    assert alphas.score(top, top.bars[0]) == pytest.approx((0.55 + 0.4) / 2)


def test_the_tables_hide_the_alpha_that_is_good_everywhere() -> None:
    found = blocks()
    bars = bars_frame(found, one_alphas(found))
    assert bars.columns[-4:].tolist() == ["difference", "difference_low", "difference_high", "one_alpha_score"]
    brac = bars[(bars["dataset"] == "all") & (bars["extraction"] == "brac")]
    assert brac["one_alpha_score"].tolist() == pytest.approx([0.55] * len(brac))
    table = configurations_frame(found, one_alphas(found))
    assert table[table["everywhere"]]["alpha"].tolist() == [1.0] * int(table["everywhere"].sum())
    assert int(table["everywhere"].sum()) == 24 * 2


def test_a_configuration_that_a_dataset_lacks_is_chosen_for_it() -> None:
    (block,) = found = blocks(gone=("1.0",))
    alphas = one_alphas(found)
    assert {one.configuration.alpha for one in alphas.by_design.values() if one is not None} == {0.1}
    awr = [panel for panel in block.cells if panel.bars[0].decomposition and not panel.extraction.climbs_critic]  # type: ignore[union-attr]
    assert all(np.isnan(alphas.score(panel, bar)) for panel in awr for bar in panel.bars)
