"""The normalisation figure: comparable gradients, honest bands, and no line that hides another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats

from recipe_sweep.analysis.figures.scales import set_scale
from recipe_sweep.analysis.figures.svn_ablation import draw, draw_svn_figure
from recipe_sweep.analysis.results.curves import LINEAR_WITHIN, Scale, band, evaluation_curves, training_curves
from recipe_sweep.analysis.results.frame import load_diagnostics, load_results
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import Lacking
from tests.analysis.synthetic import material_of, result_row, synthetic_points, write_sweep


def ablation(seeds: Sequence[int], datasets: Sequence[str] = ("expert",)) -> tuple[DesignPoint, ...]:
    return synthetic_points(
        datasets=datasets,
        seeds=seeds,
        decompositions=(Decomposition.MIX,),
        value_learners=(ValueLearning.TD,),
        extractions=(Extraction.BRAC,),
        brac_alphas=(0.03,),
        critic_norms=CriticNorm.members(),
        actor_norms=ActorNorm.members(),
    )


def test_gradient_norms_under_svn_are_multiplied_by_sigma_squared(tmp_path: Path) -> None:
    points = ablation((0, 1))
    write_sweep(tmp_path, points)
    runs = load_results(tmp_path / "results").runs
    names = ("sigma", "grad_norm/critic", "head_share")
    curves = training_curves(runs, load_diagnostics(tmp_path / "results", names))
    for point in points:
        recorded = dict(result_row(point)["diagnostics"])  # type: ignore[call-overload]
        sigma, raw = np.array(recorded["sigma"]), np.array(recorded["grad_norm/critic"])
        divided = point.critic_norm in (CriticNorm.SVN, CriticNorm.SVN_BOTH)
        mine = curves[curves["run_id"] == point.run_id]
        np.testing.assert_allclose(mine["gradient"], raw * sigma**2 if divided else raw)


def test_a_dead_head_is_seen_whichever_of_the_two_it_is() -> None:
    runs = pd.DataFrame(
        {"run_id": ["a", "b"], "decomposition": "mix", "critic_norm": "svn", "actor_norm": "none", "seed": [0, 1]}
    )
    diagnostics = pd.DataFrame(
        {"run_id": ["a", "b"], "step": 0, "sigma": 1.0, "grad_norm/critic": 1.0, "head_share": [0.0, 1.0]}
    )
    curves = training_curves(runs, diagnostics)
    assert band(curves, "smaller_head", Scale.LINEAR).middle.tolist() == [1.0]


@pytest.mark.parametrize("scale", list(Scale))
def test_bands_are_t_intervals_from_four_seeds_and_ranges_below(scale: Scale) -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0])
    table = pd.DataFrame({"step": 10, "seed": range(4), "value": values})
    four = band(table, "value", scale)
    there, back = {
        Scale.LINEAR: (np.asarray, np.asarray),
        Scale.LOG: (np.log, np.exp),
        Scale.ASINH: (lambda found: np.arcsinh(found / LINEAR_WITHIN), lambda found: LINEAR_WITHIN * np.sinh(found)),
    }[scale]
    scores = there(values)
    low, high = stats.t.interval(0.95, 3, loc=scores.mean(), scale=stats.sem(scores))
    np.testing.assert_allclose([four.low[0], four.middle[0], four.high[0]], back([low, scores.mean(), high]))
    three = band(table[:3], "value", scale)
    assert (three.low[0], three.high[0]) == pytest.approx((1.0, 4.0))


def test_on_an_axis_with_both_signs_a_seed_that_runs_away_widens_the_band_upwards_alone() -> None:
    table = pd.DataFrame({"step": 10, "seed": range(4), "value": [1000.0, 1200.0, 1500.0, 1e6]})
    line = band(table, "value", Scale.ASINH)
    assert line.low[0] > 0.0
    assert line.high[0] > 1e4
    assert band(table.assign(value=-table["value"]), "value", Scale.ASINH).high[0] == pytest.approx(-line.low[0])


def test_a_run_that_overflows_does_not_erase_the_line_of_the_others() -> None:
    table = pd.DataFrame({"step": [0, 0, 5, 5], "seed": [0, 1, 0, 1], "value": [1.0, 2.0, np.inf, 2.0]})
    line = band(table, "value", Scale.LOG)
    assert line.steps.tolist() == [0.0, 5.0]
    assert line.middle[1] == pytest.approx(2.0)


def test_every_normalisation_has_its_line_in_every_panel(tmp_path: Path) -> None:
    points = ablation(range(4))
    write_sweep(tmp_path, points)
    results = load_results(tmp_path / "results")
    drawings = draw(material_of(points, tmp_path))
    assert not isinstance(drawings, Lacking)
    assert [drawing.name for drawing in drawings] == ["svn_ablation"]
    names = ("sigma", "grad_norm/critic", "head_share", "q_max_abs", "td_loss", "head_gap")
    curves = training_curves(results.runs, load_diagnostics(tmp_path / "results", names))
    figure = draw_svn_figure(curves, evaluation_curves(results.runs), "title")
    assert len(figure.axes) == 6
    for axes in figure.axes:
        lines = [line for line in axes.lines if not line.get_label().startswith("_")]
        assert len(lines) == 8
        assert all(len(line.get_xdata()) > 1 for line in lines)
    assert "95 % t intervals" in " ".join(text.get_text() for text in figure.texts)


def test_evaluation_curves_are_normalised_returns() -> None:
    (point,) = synthetic_points(
        datasets=("expert",),
        seeds=(0,),
        decompositions=(Decomposition.VDN,),
        value_learners=(ValueLearning.SARSA,),
        extractions=(Extraction.AWR,),
        awr_alphas=(1.0,),
    )
    row = result_row(point)
    curves = evaluation_curves(pd.DataFrame([row]))
    assert curves["step"].tolist() == row["curve_step"]
    assert curves["score"].iloc[-1] == pytest.approx(row["score"])


def test_each_dataset_of_an_ablation_has_its_own_figure_and_a_plain_sweep_none(tmp_path: Path) -> None:
    points = ablation((0,), ("expert", "random"))
    write_sweep(tmp_path, points)
    drawings = draw(material_of(points, tmp_path))
    assert not isinstance(drawings, Lacking)
    assert [drawing.name for drawing in drawings] == [
        "svn_ablation-simple_spread-expert-mix-td-brac-0.03",
        "svn_ablation-simple_spread-random-mix-td-brac-0.03",
    ]
    plain = [point for point in points if (point.critic_norm, point.actor_norm) == (CriticNorm.SVN, ActorNorm.ABSMEAN)]
    assert isinstance(draw(material_of(plain, tmp_path)), Lacking)


def test_ticks_near_zero_lie_on_top_of_each_other() -> None:
    axes = Figure().subplots()
    axes.plot([0, 1], [-20.0, 5000.0])
    set_scale(axes, Scale.ASINH)
    assert axes.get_yticks().tolist() == [-10.0, 0.0, 10.0, 100.0, 1000.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["$-10^{1}$", "0", "$10^{1}$", "$10^{2}$", "$10^{3}$"]
    assert axes.get_ylim()[0] < -20.0
    assert axes.get_ylim()[1] > 5000.0
