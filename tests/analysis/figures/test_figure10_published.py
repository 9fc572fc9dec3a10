"""Figure 10: each bar is the selection-corrected score of a named triple, and each difference is within seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.figures.figure10_published import STRAIGHT_THROUGH, draw
from recipe_sweep.analysis.figures.inputs import Drawing
from recipe_sweep.analysis.findings.best_recipe import Recipe
from recipe_sweep.analysis.findings.evidence import Sweep
from recipe_sweep.analysis.findings.named_triples import improves
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.triples import triple_of, triples
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import Lacking
from tests.analysis.synthetic import material_of, score_of, synthetic_points, write_sweep

POINTS = expand(read_grid("figure10_small")).points


def drawn(points: Sequence[DesignPoint], sweep_dir: Path) -> Drawing:
    drawings = draw(material_of(points, write_sweep(sweep_dir, points)))
    assert not isinstance(drawings, Lacking)
    (drawing,) = drawings
    return drawing


def tables(drawing: Drawing) -> tuple[pd.DataFrame, pd.DataFrame]:
    bars, differences = (numbers.table for numbers in drawing.numbers)
    return bars, differences


def named(point: DesignPoint) -> str:
    triple = triple_of(point.decomposition, point.value_learning, point.extraction, point.critic_norm)
    return "" if triple is None else triple.title


def test_the_preset_lacks_a_triple_or_a_dataset() -> None:
    for preset in ("figure10_small", "figure10"):
        points = expand(read_grid(preset)).points
        assert {named(point) for point in points if point.extraction is not Extraction.AWR} == {one.title for one in triples()}
        assert len({(point.task, point.dataset) for point in points}) == 4
        configurations = {(named(p), p.config_id) for p in points if (p.task, p.dataset) == (points[0].task, "good")}
        counts = pd.Series([name for name, _ in configurations if name]).value_counts()
        assert set(counts) == {4}, "all choose among equally many"


def test_a_bar_is_of_other_runs_than_its_triple(tmp_path: Path) -> None:
    one_each = [p for p in POINTS if p.alpha in (None, 0.3, 0.0) and p.regularisation in (None, 10.0)]
    bars, differences = tables(drawn(one_each, tmp_path))
    for row in bars.itertuples():
        own = [score_of(p) for p in one_each if (p.task, p.dataset, named(p)) == (row.task, row.dataset, row.algorithm)]
        assert row[bars.columns.get_loc("return") + 1] == pytest.approx(20.0 * np.mean(own))
        clones = [score_of(p) for p in one_each if (p.task, p.dataset, p.alpha) == (row.task, row.dataset, 0.0)]
        assert row.cloning == pytest.approx(20.0 * np.mean(clones))
    for row in differences.itertuples():
        first, minus = (
            np.array([score_of(p) for p in one_each if (p.task, p.dataset, named(p)) == (row.task, row.dataset, name)])
            for name in (row.algorithm, row.minus)
        )
        assert row.difference == pytest.approx(20.0 * (first - minus).mean())
        assert row.low < row.difference < row.high


def test_the_caption_hides_what_the_released_code_does_otherwise(tmp_path: Path) -> None:
    drawing = drawn(POINTS, tmp_path)
    told = " ".join(text.get_text() for text in drawing.figure.texts).replace("\n", " ")
    assert STRAIGHT_THROUGH in told
    assert "MAC-Flow + Mix minus MAC-Flow" in told
    assert "ahead of MAC-Flow on" in drawing.says


def test_a_sweep_without_triples_gets_the_figure(tmp_path: Path) -> None:
    points = synthetic_points(seeds=range(2), datasets=("expert",), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.7,))
    assert isinstance(draw(material_of(points, write_sweep(tmp_path, points))), Lacking)


def test_the_claim_is_about_other_runs_than_the_figure(tmp_path: Path) -> None:
    material = material_of(POINTS, write_sweep(tmp_path, POINTS))
    found = improves("MAC-Flow + Mix", "MAC-Flow")(Sweep(material.blocks, (), ()))
    drawings = draw(material)
    assert not isinstance(drawings, Lacking)
    _, differences = tables(drawings[0])
    own = differences[(differences["algorithm"] == "MAC-Flow + Mix") & (differences["minus"] == "MAC-Flow")]
    assert 20.0 * found.value == pytest.approx(own["difference"].mean())
    assert found.low < found.value < found.high
    assert improves("OMIGA + Mix", "no such algorithm")(Sweep(material.blocks, (), ())).lacks


def test_a_recommendation_hides_that_it_is_a_published_algorithm() -> None:
    mix = Recipe(Decomposition.MIX, ValueLearning.TD, Extraction.FLOW, 0.3, None)
    assert mix.text == "Mix with TD and Flow (MAC-Flow + Mix) at \N{GREEK SMALL LETTER ALPHA} 0.3"
    omiga = Recipe(Decomposition.MIX, ValueLearning.GVR, Extraction.GVR, None, None, "regularisation=10.0")
    assert omiga.text == "Mix with GVR and GVR (OMIGA + Mix), regularisation=10.0"
