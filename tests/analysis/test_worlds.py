"""The report in sweeps of known truth, in short; `python scripts/worlds.py` is the long form with rates."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.analysis.findings.best_recipe import choose
from recipe_sweep.analysis.findings.claims import Verdict
from recipe_sweep.analysis.findings.designs import designs
from recipe_sweep.analysis.findings.recommendation import recommend
from recipe_sweep.analysis.findings.two_sweeps import compare
from recipe_sweep.analysis.report.report import write_report
from recipe_sweep.analysis.results.rehearsal_mark import WORD
from recipe_sweep.search_spaces.vocabulary import Decomposition
from recipe_sweep.sweep.worker.worlds import WORLDS, World, world_named
from scripts.world_pairs import settled_share, side
from scripts.world_power import curves_of, draw_power, rows_of
from scripts.world_sweeps import Arrays, Shape, arrays_of, blocks_of, grid_shape, paper_shape, write_sweep
from scripts.worlds import NAMES, Judged, Row, asked_alone, judge, judged_by_arrays, null_sentence, read_blocks, table, truth

SWEEPS = 12
FALSE = 4
"""More false verdicts than this happen in 12 sweeps once in 500 times, if each is false with 0.05."""


@cache
def small(seeds: int = 4, alphas: str = "{brac: [0.1], awr: [3.0]}") -> Shape:
    """One task of the paper's grid."""
    return grid_shape(
        "figure7",
        "one task",
        "axes.task=[2ant]",
        f"axes.seed=0-{seeds - 1}",
        f"axes.alpha={alphas}",
        "axes.tau=[0.9]",
        "settings.diagnostics_every=500_000",
    )


@cache
def arrays(seeds: int = 4) -> Arrays:
    """The small shape's arrays."""
    return arrays_of(small(seeds))


@pytest.mark.parametrize("name", ["null", "rate-97", "half-done", "half-done-mix", "two-scales", "diverged", "as-paper"])
def test_result_files_and_arrays_of_one_world_give_the_same_claims(name: str, tmp_path: Path) -> None:
    world, shape = world_named(name), small(alphas="{brac: [0.1, 1.0], awr: [3.0]}")
    read = read_blocks(write_sweep(world, shape, tmp_path, 3), shape)
    filled = blocks_of(arrays_of(shape).filled(world, 3))
    for one, other in zip(read, filled, strict=True):
        np.testing.assert_allclose(one.scores.scores, other.scores.scores, rtol=1e-12)
        for marks in ("wanted", "done", "diverged", "configurations"):
            assert np.array_equal(getattr(one.scores, marks), getattr(other.scores, marks)), marks
    assert judge(read) == judge(filled)


def test_the_report_prints_the_verdicts_that_are_judged(tmp_path: Path) -> None:
    shape = small()
    root = write_sweep(world_named("all-1"), shape, tmp_path / "sweep")
    written = write_report(root, shape.points, failures=0, out_dir=tmp_path / "report", resamples=200)
    assert written.page is not None
    assert WORD not in written.page.read_text()
    judged = judge(read_blocks(root, shape))
    assert {Verdict.HOLDS, Verdict.OPEN} <= set(judged.verdicts)
    lines = (tmp_path / "report/tables.md").read_text().splitlines()
    claims = lines[lines.index("| claim | paper | here | verdict | asked alone |") + 2 :]
    printed = [tuple(line.removesuffix(" |").split(" | ")[-2:]) for line in claims if line.startswith("|")]
    assert printed == [(str(one), str(alone)) for one, alone in zip(judged.verdicts, judged.alone, strict=True)]


@pytest.mark.parametrize("world", [world for world in WORLDS if world.null], ids=lambda world: world.name)
def test_no_claim_is_often_wrong_where_no_design_is_better(world: World) -> None:
    row = judged_by_arrays(world, arrays(), SWEEPS)
    wrong = {name: row.false_share(name) for name in NAMES if row.false_share(name) * SWEEPS > FALSE}
    assert wrong == {}


@pytest.mark.parametrize("name", ["null", "exponential", "collapse", "noisy-brac"])
def test_no_design_is_often_called_surely_behind_where_none_is_better(name: str) -> None:
    found = [choose([designs(task) for task in arrays(8).filled(world_named(name), number)], None) for number in range(40)]
    behind = sum(any(one.sure for one in choice.rivals) for choice in found if choice is not None)
    # With a level of 0.05, more than 6 of 40 happen once in 300 times.
    assert behind <= 6


def test_designs_that_are_surely_behind_are_counted_as_the_recommendation_counts_them() -> None:
    for size in (0.25, 1.0):
        blocks = blocks_of(arrays(8).filled(world_named(f"all-{size:g}"), 0))
        behind = judge(blocks).behind
        says = f"{23 - behind} of 23 other designs " if behind < 23 else "The recipe is significantly ahead of 23 other designs"
        assert recommend(blocks).sentences[2].startswith(says)
    assert behind > 0


def test_large_effects_are_found_at_8_seeds() -> None:
    row = judged_by_arrays(world_named("all-1"), arrays(8), SWEEPS)
    for name in ("mix-leads", "vdn-ceiling", "mix-over-cen", "in-sample-targets", "awr-scores"):
        assert asked_alone(row).share(name, Verdict.HOLDS) > 0.8, name
        # TD is worse by 0.6 only, and the small sweep has one task.
        assert row.share(name, Verdict.HOLDS) > (0.5 if name == "in-sample-targets" else 0.8), name


def test_a_world_without_effects_has_no_true_verdict_and_one_with_effects_has() -> None:
    assert {truth(world_named("null"), name) for name in NAMES} == {None}
    assert {truth(world_named("ones"), name) for name in NAMES} == {None}
    assert truth(world_named("noisy-brac"), "awr-steadier-seeds") is Verdict.HOLDS
    assert truth(world_named("noisy-brac"), "awr-steadier-alpha") is None
    assert truth(world_named("td-0.5"), "decomposition-matters") is Verdict.FAILS
    assert truth(world_named("all-0.5"), "decomposition-matters") is Verdict.HOLDS
    assert truth(world_named("as-paper"), "awr-with-mix") is Verdict.HOLDS


@pytest.mark.parametrize("name", ["null", "exponential", "half-done"])
def test_some_claim_of_the_list_is_judged_by_chance_because_there_are_many(name: str) -> None:
    # With a level of 0.05 for the whole list, more than 6 of 40 happen once in 300 times.
    row = judged_by_arrays(world_named(name), arrays(8), 40)
    assert row.any_false * 40 <= 6
    assert asked_alone(row).any_false >= row.any_false


def row_of(world: str, *verdicts: Verdict) -> Row:
    """Sweeps in which the first claim has these verdicts, and all others none."""
    others = (Verdict.OPEN,) * (len(NAMES) - 1)
    return Row(world_named(world), "8 seeds", tuple(Judged((verdict, *others), behind=0) for verdict in verdicts))


def test_false_verdicts_are_counted_and_starred_and_true_ones_are_not() -> None:
    verdicts = (Verdict.HOLDS, Verdict.HOLDS, Verdict.FAILS, Verdict.OPEN)
    null, true = row_of("null", *verdicts), row_of("mix-1", *verdicts)
    assert NAMES[0] == "mix-leads"
    assert (null.false_share("mix-leads"), null.any_false) == (0.5, 0.75)
    assert (true.false_share("mix-leads"), true.any_false) == (0.25, 0.25)
    lines = list(table([null, true]))
    assert lines[2] == "| null | 8 seeds | 4 | 50/25* | 75* | 0 |"
    assert lines[3] == "| mix-1 | 8 seeds | 4 | 50/25* holds | 25* | 0 |"
    assert null_sentence(null) == "This report says `holds` of mix-leads in 50 % of 4 null sweeps of this shape."


def test_the_papers_shape_has_its_24_designs_on_16_datasets() -> None:
    assert len(paper_shape(4).points) == 24 * 16 * 4
    assert len(paper_shape(8, 4, 4, 2).points) == 16_384


def test_two_sweeps_of_one_draw_never_differ_and_of_different_worlds_they_do() -> None:
    shape = small(8)
    null, other = side(world_named("null"), shape, 0), side(world_named("mix-1"), shape, 1)
    assert not any(one.settled for one in compare(null, null).differences)
    assert settled_share(world_named("ones"), shape, shape, sweeps=1) == 0.0
    found = compare(null, other).differences
    assert len(found) == 24
    better = [one.difference.value for one in found if one.decomposition == Decomposition.MIX.display_name]
    assert np.mean(better) > 0.05, "Mix is better by one unit, which is 0.1 of a score"


def test_power_curves_have_the_true_claims_of_their_world_and_rise(tmp_path: Path) -> None:
    curves = curves_of(rows_of(arrays(), "mix", sweeps=4))
    by_name = {curve.name: curve for curve in curves}
    assert {"mix-leads", "vdn-ceiling", "mix-over-cen"} <= set(by_name)
    assert "awr-scores" not in by_name, "nothing is true of AWR where Mix alone is better"
    assert by_name["vdn-ceiling"].sizes == (0.0, 0.25, 0.5, 1.0)
    assert by_name["vdn-ceiling"].shares[0] < by_name["vdn-ceiling"].shares[-1]
    draw_power([("Mix is better", curves)], tmp_path / "power.png")
    assert (tmp_path / "power.png").stat().st_size > 10_000
