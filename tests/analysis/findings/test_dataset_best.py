"""The best configuration of a design on a dataset has the best mean. Its corrected score has no luck of the choice."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.findings.dataset_best import dataset_bests
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction
from tests.sweep.synthetic_results import POINT

ALPHAS = (1.0, 3.0, 10.0)


def frame(scores: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"run_id": list(scores), "score": list(scores.values())})


def grid(seeds: int, **changes: object) -> list[DesignPoint]:
    return [replace(POINT, alpha=alpha, seed=seed, **changes) for alpha in ALPHAS for seed in range(seeds)]  # type: ignore[arg-type]


def test_each_design_and_dataset_has_its_best_configuration() -> None:
    points = grid(2) + grid(2, dataset="medium") + grid(2, decomposition=Decomposition.VDN)
    wins = {("expert", "mix"): 3.0, ("medium", "mix"): 10.0, ("expert", "vdn"): 1.0}
    scores = {
        point.run_id: 0.1 * point.seed + (0.5 if point.alpha == wins[point.dataset, str(point.decomposition)] else 0.2)
        for point in points
    }
    found = dataset_bests(frame(scores), points)
    assert {(best.point.dataset, str(best.point.decomposition)): best.point.alpha for best in found.values()} == wins
    for best in found.values():
        assert (best.configurations, best.seeds, len(best.runs)) == (3, 2, 2)
        assert best.score == pytest.approx(0.55)
        assert best.corrected == pytest.approx(0.55), "the choice is the same in both halves"


def test_the_best_of_many_equal_configurations_is_not_better_once_corrected() -> None:
    rng = np.random.default_rng(0)
    above, corrected = [], []
    for _ in range(200):
        points = grid(4)
        [best] = dataset_bests(frame({point.run_id: float(rng.normal()) for point in points}), points).values()
        above.append(best.score)
        corrected.append(best.corrected)
    assert np.mean(above) > 0.3
    assert abs(np.mean(corrected)) < 0.12


def test_one_seed_has_no_corrected_score_and_cloning_is_no_design() -> None:
    points = [*grid(1, extraction=Extraction.BRAC), replace(POINT, extraction=Extraction.AWR, alpha=0.0)]
    [best] = dataset_bests(frame({point.run_id: 0.5 for point in points}), points).values()
    assert math.isnan(best.corrected)
    assert best.point.extraction is Extraction.BRAC


def test_runs_without_a_score_do_not_count() -> None:
    points = grid(2)
    scores = {point.run_id: 1.0 if point.alpha == 1.0 else math.nan for point in points[:4]}
    [best] = dataset_bests(frame(scores), points).values()
    assert (best.configurations, best.point.alpha) == (1, 1.0)
