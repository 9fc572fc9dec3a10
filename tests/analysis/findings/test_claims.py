"""Claims: true ones hold, false ones do not, and where data lack nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.estimators.crossfit import CrossFit
from recipe_sweep.analysis.findings import evidence
from recipe_sweep.analysis.findings.claims import Claim, Verdict, claims
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.stability import stability
from recipe_sweep.analysis.number_text import NOTHING
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from tests.analysis.synthetic import synthetic_points, write_sweep

SMALL = {"datasets": ("expert", "random"), "brac_alphas": (0.1, 1.0), "awr_alphas": (1.0, 3.0), "taus": (0.7,)}


def blocks(points: Sequence[DesignPoint], score: Callable[[DesignPoint], float]) -> list[TaskPanels]:
    runs = pd.DataFrame([{"run_id": point.run_id, "score": score(point), "status": "finished"} for point in points])
    return [task_panels(one, np.random.default_rng(0), 200) for one in task_scores(runs, points_table(points))]


def noise(point: DesignPoint) -> float:
    return float(np.random.default_rng(int(point.run_id, 16)).normal())


def as_claimed(point: DesignPoint) -> float:
    """A world in which the paper is right."""
    mix, awr = point.decomposition is Decomposition.MIX, point.extraction is Extraction.AWR
    td = point.value_learning is ValueLearning.TD
    spread = (0.01 if awr else 0.04) * noise(point) - (0.0 if awr else 0.1 * (point.alpha == 1.0))
    return 0.5 + 0.3 * mix + 0.2 * awr + 0.1 * (mix and awr) - 0.03 * td + spread


def turned(point: DesignPoint) -> float:
    """A world in which it is wrong."""
    mix, awr = point.decomposition is Decomposition.MIX, point.extraction is Extraction.AWR
    td = point.value_learning is ValueLearning.TD
    spread = (0.04 if awr else 0.01) * noise(point) - (0.1 * (point.alpha == 1.0) if awr else 0.0)
    return 0.5 - 0.1 * mix - 0.1 * awr - 0.05 * (mix and awr) + 0.5 * td + spread


def by_name(found: Sequence[Claim]) -> dict[str, Claim]:
    return {claim.name: claim for claim in found}


ON_SCORES = (
    *("mix-leads", "mix-leads-most", "vdn-ceiling", "mix-over-cen", "decomposition-matters", "extraction-matters"),
    *("in-sample-targets", "awr-scores", "awr-steadier-seeds", "awr-steadier-alpha", "awr-with-mix"),
)


@pytest.mark.parametrize(("world", "verdict"), [(as_claimed, Verdict.HOLDS), (turned, Verdict.FAILS)])
def test_every_claim_on_scores_follows_the_truth(world: Callable[[DesignPoint], float], verdict: Verdict) -> None:
    found = by_name(claims(blocks(synthetic_points(("simple_spread", "2ant"), seeds=range(6), **SMALL), world)))
    assert {name: found[name].verdict for name in ON_SCORES} == dict.fromkeys(ON_SCORES, verdict)
    assert all(found[name].low is not None for name in ON_SCORES)


def shares_of(monkeypatch: pytest.MonkeyPatch, parts: Sequence[float]) -> dict[str, Claim]:
    """Judge a sweep whose variances of the three axes are these, with small errors."""
    fit = CrossFit(np.array([*parts, 0.0, 0.0, 0.0, 0.0]), 1e-4 * np.eye(7)[None], np.zeros((1, 7, 7)), np.array([8]))
    monkeypatch.setattr(evidence, "variance_parts", lambda _: fit)
    return by_name(claims(()))


def test_a_share_beyond_all_of_the_variance_is_printed_or_cut_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = shares_of(monkeypatch, (1.0, -0.1, 0.2))["decomposition-matters"]  # 1.1 of 1.1 in all
    assert claim.ours == "+100 [+94, +100] percentage points"
    assert claim.verdict is Verdict.HOLDS
    assert claim.low is not None
    assert claim.high is not None
    assert 93.0 < claim.low < 100.0 < claim.high < 110.0
    assert claim.why.endswith("1 of its 3 numbers lies beyond 100 percentage points, and the limit is printed instead.")
    assert "beyond" not in shares_of(monkeypatch, (0.5, 0.1, 0.4))["decomposition-matters"].why


def test_a_share_of_a_variance_that_may_be_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = shares_of(monkeypatch, (0.04, -0.01, -0.01))["decomposition-matters"]
    assert (claim.ours, claim.verdict) == (NOTHING, Verdict.OPEN)
    assert "may be 0" in claim.why


def test_noise_settles_no_claim_on_differences() -> None:
    found = by_name(claims(blocks(synthetic_points(seeds=range(6), **SMALL), noise)))
    assert found["awr-scores"].verdict is Verdict.OPEN
    assert found["vdn-ceiling"].verdict is Verdict.OPEN


def test_two_seeds_give_numbers_and_no_verdict() -> None:
    found = claims(blocks(synthetic_points(seeds=range(2), **SMALL), as_claimed))
    assert {claim.verdict for claim in found} == {Verdict.OPEN}
    assert by_name(found)["mix-leads"].ours == "6 of 6 panels"
    assert "4 seeds" in by_name(found)["mix-leads"].why


def test_one_panel_is_no_majority_and_its_count_has_no_interval() -> None:
    one = {**SMALL, "value_learners": (ValueLearning.TD,), "extractions": (Extraction.AWR,)}
    found = by_name(claims(blocks(synthetic_points(seeds=range(6), **one), as_claimed)))
    assert found["mix-leads"].ours == "1 of 1 panel"
    for name in ("mix-leads", "mix-leads-most"):
        assert found[name].verdict is Verdict.OPEN
        assert "several panels" in found[name].why


@pytest.mark.parametrize("keep", [1, 7, 60])
def test_an_incomplete_sweep_is_judged_as_far_as_it_goes(keep: int) -> None:
    points = synthetic_points(seeds=range(4), **SMALL)
    runs = pd.DataFrame([{"run_id": one.run_id, "score": as_claimed(one), "status": "finished"} for one in points[:keep]])
    panels = [task_panels(one, np.random.default_rng(0), 50) for one in task_scores(runs, points_table(points))]
    assert len(claims(panels)) == len(claims([]))
    assert {claim.ours for claim in claims([])} == {NOTHING}


def test_a_rehearsal_settles_nothing_and_shows_no_number() -> None:
    found = claims(blocks(synthetic_points(seeds=range(4), **SMALL), as_claimed), rehearsal=True)
    assert {(claim.verdict, claim.ours) for claim in found} == {(Verdict.OPEN, NOTHING)}


def norm_points(diagnosed: Sequence[Decomposition] = (Decomposition.MIX,)) -> tuple[DesignPoint, ...]:
    return synthetic_points(
        seeds=range(5), datasets=("expert",), decompositions=diagnosed, value_learners=(ValueLearning.TD,),
        extractions=(Extraction.BRAC,), brac_alphas=(0.1,), critic_norms=(CriticNorm.NONE, CriticNorm.SVN),
        actor_norms=(ActorNorm.NONE, ActorNorm.ABSMEAN),
    )  # fmt: skip


def test_normalisation_is_judged_by_q_and_by_gradients_times_sigma_squared(tmp_path: Path) -> None:
    """The made-up diagnostics grow by e^3 over a run without SVN and by e^0.4 under it; raw gradients under SVN shrink."""
    results = load_results(write_sweep(tmp_path, norm_points()) / "results")
    entries = stability(tmp_path / "results", results)
    plain = next(one for one in entries if one.critic_norm is CriticNorm.NONE)
    assert np.mean(plain.q_growth) == pytest.approx(3.0 * 0.475 / np.log(10.0), abs=0.08)
    found = by_name(claims((), entries))
    for name in ("plain-mix-grows", "svn-bounds-q", "svn-slows-q", "svn-calms-gradients"):
        assert found[name].verdict is Verdict.HOLDS, (name, found[name])
    assert found["remedy-slows-q"].verdict is Verdict.OPEN
    bounded = found["svn-bounds-q"]
    assert bounded.low is not None
    assert bounded.high is not None
    assert 1.0 < bounded.low < bounded.high < 2.0


def test_a_sweep_that_varies_no_normalisation_reads_no_diagnostics(tmp_path: Path) -> None:
    results = load_results(write_sweep(tmp_path, synthetic_points(seeds=(0,), **SMALL)) / "results")
    assert stability(tmp_path / "nowhere", results) == ()
