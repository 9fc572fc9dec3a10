"""The list of claims errs as a list, and every finding has the p-value that this needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.analysis.figures.captions import standing_sentence
from recipe_sweep.analysis.findings import claims as module
from recipe_sweep.analysis.findings.claim_list import CLAIMS
from recipe_sweep.analysis.findings.claims import Claim, Verdict, claims
from recipe_sweep.analysis.findings.evidence import Finding, Sweep
from recipe_sweep.analysis.findings.one_alpha import one_alphas
from recipe_sweep.analysis.findings.panel_tables import bars_frame
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.stability import stability
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.worker.worlds import world_named
from scripts.world_sweeps import Arrays, arrays_of, blocks_of, grid_shape
from tests.analysis.findings.test_claims import SMALL, as_claimed, blocks, by_name, norm_points, turned
from tests.analysis.synthetic import synthetic_points, write_sweep

SKEWED = {"vdn-ceiling", "mix-over-cen", "in-sample-targets", "awr-scores", "awr-with-mix"}
"""Claims whose p-value is the larger of two, so that it may be above 0.05 where the interval excludes the border."""


@cache
def small(seeds: int) -> Arrays:
    """One task of the paper's grid."""
    axes = ("axes.task=[2ant]", f"axes.seed=0-{seeds - 1}", "axes.alpha={brac: [0.1], awr: [3.0]}", "axes.tau=[0.9]")
    return arrays_of(grid_shape("figure7", "one task", *axes, "settings.diagnostics_every=500_000"))


def panels_of(world: str, seeds: int, number: int) -> tuple[TaskPanels, ...]:
    return blocks_of(small(seeds).filled(world_named(world), number))


def findings_of(panels: Sequence[TaskPanels]) -> list[Finding]:
    sweep = Sweep(tuple(panels), tuple(block.designs for block in panels), ())
    return [one.find(sweep) for one in CLAIMS]


@pytest.mark.parametrize(("world", "seeds"), [("null", 4), ("all-0.5", 8), ("exponential", 8), ("half-done", 8)])
def test_an_interval_beside_a_claim_contradicts_the_verdict_that_its_p_value_gives(world: str, seeds: int) -> None:
    seen = 0
    for number in range(8):
        for claim, found in zip(CLAIMS, findings_of(panels_of(world, seeds, number)), strict=True):
            if found.lacks or not np.isfinite(found.low):
                continue
            outside = not found.low <= found.border <= found.high
            assert np.isfinite(found.p_value), f"{claim.name} has an interval and no p-value, so it can never be judged"
            assert outside or found.p_value >= 0.05, claim.name
            assert not outside or found.p_value < 0.05 or claim.name in SKEWED, claim.name
            seen += outside
    assert seen > 0 or world == "null"


def test_a_claim_on_training_has_no_p_value_or_one_that_forgets_the_border(tmp_path: Path) -> None:
    results = load_results(write_sweep(tmp_path, norm_points()) / "results")
    sweep = Sweep((), (), stability(tmp_path / "results", results))
    found = {one.name: one.find(sweep) for one in CLAIMS}
    judged = [name for name, one in found.items() if not one.lacks]
    assert {"plain-mix-grows", "svn-bounds-q", "svn-slows-q", "svn-calms-gradients"} <= set(judged)
    for name in judged:
        outside = not found[name].low <= found[name].border <= found[name].high
        assert (found[name].p_value < 0.05) == outside, name


def judged_with(monkeypatch: pytest.MonkeyPatch, *p_values: float) -> dict[str, Claim]:
    """Judge a list whose first claims are on their own side of the border with these p-values, and have no other data."""
    rest = [Finding(np.nan, np.nan, np.nan, lacks="data")] * (len(CLAIMS) - len(p_values))
    found = [Finding(1.0, 0.1, 1.9, p_value=one) for one in p_values] + rest
    monkeypatch.setattr(module, "_findings", lambda *_: found)
    return by_name(claims(()))


def test_one_chance_result_among_many_claims_is_printed_as_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged_with(monkeypatch, 0.03, 0.0001, 0.5, 0.5)
    first, second = found["mix-leads"], found["mix-leads-most"]
    assert (second.verdict, second.alone) == (Verdict.HOLDS, Verdict.HOLDS)
    assert (first.verdict, first.alone) == (Verdict.OPEN, Verdict.HOLDS)
    assert first.why == (
        "Asked alone it would hold. The whole interval is on the claim's side of 0. "
        "Among 4 claims such a result comes by chance too often."
    )


def test_the_only_claim_of_a_sweep_is_taken_back_because_of_claims_that_it_cannot_judge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = judged_with(monkeypatch, 0.055)
    assert found["mix-leads"].verdict is Verdict.HOLDS, "its interval excludes the border"


def test_mix_is_said_not_to_lead_most_because_the_largest_of_three_chance_counts_is_larger() -> None:
    """Of 60 sweeps without differences, the level allows 0.025 of each verdict; more than 6 happen once in 1,500 times."""
    found = [findings_of(panels_of("null", 8, number))[1] for number in range(60)]
    assert sum(one.high < 0.0 for one in found) <= 6
    assert sum(one.low > 0.0 for one in found) <= 6
    assert np.mean([one.value < 0.0 for one in found]) > 0.5, "some other decomposition mostly has a larger count by chance"


@pytest.mark.parametrize(("world", "side"), [(as_claimed, 1.0), (turned, -1.0)])
def test_mix_leads_or_trails_each_other_decomposition_and_the_count_does_not_say_so(world: object, side: float) -> None:
    points = synthetic_points(("simple_spread", "2ant"), seeds=range(6), **SMALL)
    found = findings_of(blocks(points, world))[1]  # type: ignore[arg-type]
    assert found.low * side > 0.0
    assert found.high * side > 0.0


@cache
def lost_mix() -> tuple[list[TaskPanels], list[TaskPanels]]:
    """A sweep in which Mix is best, without diverged runs and with all runs of Mix diverged."""

    def with_lost_mix(panels: Sequence[TaskPanels]) -> list[TaskPanels]:
        mix = Decomposition.place(Decomposition.MIX)
        lost = [
            block.scores.done & (np.arange(len(Decomposition.members())) == mix)[:, None, None, None, None, None]
            for block in panels
        ]
        tasks = [replace(block.scores, diverged=marks) for block, marks in zip(panels, lost, strict=True)]
        return list(blocks_of(tasks))

    points = synthetic_points(("simple_spread", "2ant"), seeds=range(6), **SMALL)
    panels = blocks(points, as_claimed)
    return panels, with_lost_mix(panels)


def test_a_design_that_diverges_is_counted_as_good_and_nobody_is_told() -> None:
    panels, lost = lost_mix()
    plain, told = by_name(claims(panels)), by_name(claims(lost))
    assert "diverged" not in plain["mix-leads"].ours
    assert told["mix-leads"].ours == f"{plain['mix-leads'].ours}; 0 with diverged runs at the worst score of their dataset"
    assert told["mix-leads"].verdict is plain["mix-leads"].verdict
    ending = "With diverged runs at the worst score of their dataset the verdict is: does not hold."
    assert told["mix-leads"].why.endswith(ending)
    assert "diverged" not in told["in-sample-targets"].why


def test_ranks_with_diverged_runs_at_the_worst_score_are_missing_from_the_caption_or_the_numbers() -> None:
    panels, lost = lost_mix()
    assert "diverged" not in standing_sentence(panels)
    assert "in 12 of 12 panels (best in 12); 0 with diverged runs at the worst score of their dataset;" in standing_sentence(
        lost
    )
    assert "rank_diverged_at_worst" not in bars_frame(panels, one_alphas(panels))
    frame = bars_frame(lost, one_alphas(lost))
    of_mix = frame[(frame["decomposition"] == Decomposition.MIX.value) & (frame["dataset"] == "all")]
    assert set(of_mix["rank"]) == {1}
    assert set(of_mix["rank_diverged_at_worst"]) == {4}
    assert frame[frame["dataset"] != "all"]["rank_diverged_at_worst"].isna().all()


def test_an_interval_of_a_count_has_more_panels_than_there_are() -> None:
    judged = by_name(claims(panels_of("all-1", 8, 0)))
    lead, over = judged["mix-leads"], judged["mix-leads-most"]
    assert lead.low is not None
    assert lead.high == 6.0, "without a limit it goes beyond the six panels"
    assert over.high is not None
    assert over.high <= 6.0
