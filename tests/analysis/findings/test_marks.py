"""Ties: equal bars share their places, and only what is surely behind is said to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recipe_sweep.analysis.estimators.corrected_mean import corrected_mean
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.estimators.ties import top_shares
from recipe_sweep.analysis.findings import evidence, places
from recipe_sweep.analysis.findings.claims import Claim, Verdict, claims
from recipe_sweep.analysis.findings.marks import Comparison, Mark, against_the_best, beside_cloning
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.standing import standing, under_cloning
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction
from tests.analysis.synthetic import synthetic_points

POINTS = synthetic_points(datasets=("expert", "random"), seeds=range(8), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))
RESAMPLES = 200


def block_of(scores: Floats) -> TaskPanels:
    """Panels of the points, which have these scores."""
    runs = points_table(POINTS)[["run_id"]].assign(score=scores, status="finished")
    (task,) = task_scores(runs, points_table(POINTS))
    return task_panels(task, np.random.default_rng(0), RESAMPLES)


def leads(scores: Floats) -> tuple[Claim, Claim]:
    named = {claim.name: claim for claim in claims((block_of(scores),))}
    return named["mix-leads"], named["mix-leads-most"]


def test_tied_values_count_whole_or_not_at_all() -> None:
    assert top_shares(np.ones(4), 2).tolist() == [0.5] * 4
    assert top_shares(np.array([3.0, 1.0, 1.0, 0.0]), 2).tolist() == [1.0, 0.5, 0.5, 0.0]
    assert top_shares(np.array([2.0, 2.0, 1.0, np.nan]), 2).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert top_shares(np.array([0.0, 0.0, 0.0]), 1) == pytest.approx(1 / 3)
    assert top_shares(np.array([0.1 + 0.2, 0.3, 0.0]), 1).tolist() == [0.5, 0.5, 0.0], "they differ by rounding alone"


def test_mix_leads_where_every_run_scores_the_same() -> None:
    for score in (1.0, 0.1, 0.0):
        first, second = leads(np.full(len(POINTS), score))
        assert (first.ours, first.verdict) == ("3 of 6 panels", Verdict.OPEN)
        assert (second.ours, second.verdict) == ("0", Verdict.OPEN)


def test_mix_leads_in_many_sweeps_of_a_rate_that_is_nearly_always_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "RESAMPLES", 300)
    rng = np.random.default_rng(3)
    found = []
    for _ in range(40):
        rates = np.where(rng.random(len(POINTS)) < 0.97, 1.0, rng.random(len(POINTS)))
        sweep = evidence.Sweep((block_of(rates),), (), ())
        found += [evidence.lead(sweep), evidence.lead_over_others(sweep)]
    held = [one.low > one.border for one in found]
    assert sum(held[::2]) <= 4
    assert sum(held[1::2]) <= 2


def test_a_tie_for_the_second_place_is_given_to_all_who_share_it() -> None:
    heights = {Decomposition.CEN: 0.9, Decomposition.MIX: 0.5, Decomposition.VDN: 0.5, Decomposition.DEC: 0.1}
    block = block_of(np.array([heights[point.decomposition] for point in POINTS]))
    found = standing((block,), Decomposition.MIX)
    assert (found.best, found.runner_up, found.tied) == (0.0, 3.0, 6)
    assert [[bar.mark for bar in panel.bars] for panel in block.panels] == [
        [Mark.BEST, Mark.BEHIND, Mark.BEHIND, Mark.BEHIND]
    ] * 11


def marks_of(scores: Floats, seeds: int) -> tuple[Mark, ...]:
    """Marks of one panel with scores (X, D, K, S)."""
    return compared(scores, seeds).marks


def compared(scores: Floats, seeds: int) -> Comparison:
    """Comparison of one panel's bars with its best, by scores (X, D, K, S)."""
    mean, bars = corrected_mean(scores, np.random.default_rng(1)), len(scores)
    return against_the_best(mean.value, mean.pull, np.full(bars, seeds), np.full(bars, True))


@pytest.mark.parametrize(("seeds", "configurations"), [(4, 1), (8, 1), (8, 4)])
def test_bars_that_do_not_differ_are_called_behind(seeds: int, configurations: int) -> None:
    rng = np.random.default_rng(0)
    panels = [marks_of(rng.normal(size=(4, 4, configurations, seeds)), seeds) for _ in range(300)]
    assert all(found.count(Mark.BEST) == 1 for found in panels)
    assert np.mean([Mark.BEHIND in found for found in panels]) < 0.072


def test_a_bar_that_is_far_behind_is_called_tied() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4, 4, 1, 8))
    scores[2] -= 5.0
    assert marks_of(scores, 8)[2] is Mark.BEHIND
    assert Mark.BEHIND not in marks_of(scores[..., :3], 3), "3 seeds show nothing"


def test_luck_that_seeds_share_hides_a_difference() -> None:
    rng = np.random.default_rng(0)
    scores = 0.1 * rng.normal(size=(4, 4, 1, 8)) + 10.0 * rng.normal(size=8)
    scores[3] -= 0.5
    assert marks_of(scores, 8)[3] is Mark.BEHIND


def test_a_bar_below_cloning_is_called_best() -> None:
    marked = (Mark.BEST, Mark.TIED, Mark.BEHIND, Mark.UNRANKED)
    values = np.array([0.5, 0.4, 0.1, 0.1])
    assert beside_cloning(marked, values, 0.6) == (Mark.BELOW, Mark.BELOW, Mark.BEHIND, Mark.UNRANKED)
    assert beside_cloning(marked, values, 0.45) == (Mark.BEST, Mark.BELOW, Mark.BEHIND, Mark.UNRANKED)
    assert beside_cloning(marked, values, 0.5)[0] is Mark.BEST, "as good as cloning"
    assert beside_cloning(marked, values, np.nan) == marked, "cloning was not run"


def test_luck_of_a_choice_lifts_a_bar_above_cloning() -> None:
    points = synthetic_points(datasets=("expert", "random"), seeds=range(8), brac_alphas=tuple(range(1, 9)), taus=(0.9,))
    luck = np.random.default_rng(0).normal(0.5, 0.3, len(points))
    runs = points_table(points)[["run_id"]].assign(score=luck, status="finished")
    (task,) = task_scores(runs, points_table(points))
    block = task_panels(replace(task, cloning=np.full_like(task.cloning, 0.6)), np.random.default_rng(0), RESAMPLES)
    bars = [bar for panel in block.cells for bar in panel.bars if panel.extraction is Extraction.BRAC]
    assert sum(bar.value > 0.6 for bar in bars) > len(bars) / 2
    for bar in bars:
        assert (bar.mark in (Mark.BEST, Mark.TIED)) <= (bar.corrected >= 0.6)
    expected = sum(all(bar.corrected <= 0.6 for bar in panel.bars) for panel in block.cells)
    assert under_cloning((block,)) == (expected, 6)
    assert expected > 0


def test_a_bar_is_called_behind_though_its_interval_reaches_the_best() -> None:
    rng = np.random.default_rng(0)
    found = [compared(rng.normal(size=(4, 2, 2, 8)) + 0.8 * np.arange(4)[:, None, None, None], 8) for _ in range(20)]
    seen = set()
    for one in found:
        best = one.marks.index(Mark.BEST)
        assert np.isnan(one.low[best])
        for x in set(range(4)) - {best}:
            assert (one.marks[x] is Mark.BEHIND) == (one.high[x] < 0.0)
            seen.add(one.marks[x])
    assert seen == {Mark.TIED, Mark.BEHIND}


def test_more_configurations_make_a_bar_the_best() -> None:
    rng = np.random.default_rng(0)
    first = []
    for _ in range(200):
        scores = rng.normal(size=(2, 4, 8, 8))
        scores[1, :, 1:] = np.nan
        first.append(marks_of(scores, 8)[0] is Mark.BEST)
    assert 0.4 < np.mean(first) < 0.6
