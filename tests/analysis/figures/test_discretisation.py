"""The figure of discretisations compares like with like: each with its own best, and within seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.figures.discretisation import draw
from recipe_sweep.analysis.figures.inputs import Drawing
from recipe_sweep.analysis.findings.discretisations import gains, treatments
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import points_table
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Discretisation
from recipe_sweep.sweep.results.samples import Lacking
from tests.analysis.synthetic import material_of, score_of, synthetic_points, write_sweep

SMALL = {"brac_alphas": (0.1, 1.0), "awr_alphas": (0.0, 1.0), "taus": (0.9,)}


def points_of(seeds: int, kinds: Sequence[Discretisation] = tuple(Discretisation)) -> tuple[DesignPoint, ...]:
    return tuple(
        point
        for kind in kinds
        for point in (
            *synthetic_points(("skirmish_2s3z",), ("medium",), range(seeds), discretisation=kind, **SMALL),
            *synthetic_points(("skirmish_5v5",), ("replay",), range(seeds), discretisation=kind, **SMALL),
        )
    )


def drawn(points: Sequence[DesignPoint], sweep_dir: Path) -> Drawing:
    drawings = draw(material_of(points, sweep_dir))
    assert not isinstance(drawings, Lacking)
    (drawing,) = drawings
    return drawing


def test_each_discretisation_has_its_own_best(tmp_path: Path) -> None:
    points = points_of(4)
    table = drawn(points, write_sweep(tmp_path, points)).numbers[0].table
    for kind in Discretisation:
        scores: dict[str, list[float]] = {}
        for one in points:
            if (one.discretisation, one.task, one.decomposition) == (kind, "skirmish_5v5", Decomposition.MIX) and one.alpha:
                scores.setdefault(one.config_id, []).append(score_of(one))
        mine = table[(table["discretisation"] == kind.value) & (table["policy"] == "mix") & (table["dataset"] == "replay")]
        assert mine["return"].item() == pytest.approx(20.0 * max(map(np.mean, scores.values())))


def test_gains_are_differences_within_seeds() -> None:
    """Seeds differ by far more than discretisations do. Only differences within a seed find the small gain."""
    points = points_of(6)
    gain = {Discretisation.RAW: 0.0, Discretisation.SOFTMAX: 0.05, Discretisation.STRAIGHT_THROUGH: -0.02}
    runs = pd.DataFrame([
        {
            "run_id": one.run_id, "status": "finished", "scale_min": 0.0, "scale_max": 20.0,
            "score": 0.5 + 0.3 * one.seed + gain[one.discretisation],
        }
        for one in points
    ])  # fmt: skip
    found = gains(treatments(runs, points_table(points), ScoreRule.FINAL))
    assert len(found) == 4
    for one in found:
        assert one.minus is Discretisation.RAW
        assert one.mean.value == pytest.approx(gain[one.discretisation])
        assert one.mean.high - one.mean.low < 1e-9


def test_a_sweep_of_one_discretisation_is_not_drawn(tmp_path: Path) -> None:
    points = points_of(1, (Discretisation.RAW,))
    assert isinstance(draw(material_of(points, write_sweep(tmp_path, points))), Lacking)


@pytest.mark.parametrize("keep", [65, 200])
def test_a_sweep_that_has_only_begun_is_drawn(tmp_path: Path, keep: int) -> None:
    points = points_of(2)
    done = [*points[:keep], *points[-keep:]]
    drawing = drawn(points, write_sweep(tmp_path, done))
    assert {one.name for one in drawing.numbers} == {"discretisation", "discretisation_gains"}
