"""From runs to bars: which runs a bar is made of, what is counted beside it, how panels are ranked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.findings.panels import Bar, TaskPanels, task_panels
from recipe_sweep.analysis.findings.sensitivity import alpha_curves
from recipe_sweep.analysis.findings.standing import standing
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import Configuration, points_table, runs_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Chance, CriticNorm, Decomposition, Extraction, Source, ValueLearning
from tests.analysis.synthetic import result_row, synthetic_points
from tests.words import EXTRACTIONS, VALUE_LEARNERS

SMALL = {"datasets": ("expert", "random"), "brac_alphas": (0.1, 1.0), "awr_alphas": (1.0, 3.0), "taus": (0.7, 0.9)}


def frame(points: Sequence[DesignPoint], score: Callable[[DesignPoint], float] | None = None) -> pd.DataFrame:
    runs = pd.DataFrame([result_row(point) for point in points])
    return runs if score is None else runs.assign(score=[score(point) for point in points])


def block(
    points: Sequence[DesignPoint],
    done: Sequence[DesignPoint] | None = None,
    score: Callable[[DesignPoint], float] | None = None,
) -> TaskPanels:
    (task,) = task_scores(frame(points if done is None else done, score), points_table(points))
    return task_panels(task, np.random.default_rng(0), resamples=200)


def bar(panels: TaskPanels, decomposition: Decomposition, value_learning: ValueLearning, extraction: Extraction) -> Bar:
    (panel,) = [one for one in panels.cells if (one.value_learning, one.extraction) == (value_learning, extraction)]
    found = panel.bar(decomposition)
    assert found is not None
    return found


def test_a_bar_is_the_same_number_as_a_plain_loop_over_the_runs() -> None:
    points = synthetic_points(seeds=range(3), **SMALL)
    runs = frame(points)
    panels = block(points)
    for panel in panels.cells:
        for one in panel.bars:
            mine = runs[
                (runs["decomposition"] == one.decomposition)
                & (runs["value_learning"] == panel.value_learning)
                & (runs["extraction"] == panel.extraction)
            ]
            means = mine.groupby(["dataset", "alpha", "tau"], dropna=False)["score"].mean()
            assert one.value == pytest.approx(means.groupby("dataset").max().mean())
            for choice in one.choices:
                alpha, tau = means.loc[choice.dataset].idxmax()
                assert choice.configuration == Configuration(alpha, None if np.isnan(tau) else tau)
            assert one.wanted == len(mine)
            assert one.diverged == (mine["status"] == "diverged").sum()


def cloning_points(seeds: Sequence[int]) -> tuple[DesignPoint, ...]:
    return synthetic_points(
        seeds=seeds,
        datasets=SMALL["datasets"],
        decompositions=(Decomposition.DEC,),
        value_learners=(ValueLearning.SARSA,),
        extractions=(Extraction.AWR,),
        awr_alphas=(0.0,),
    )


def test_cloning_is_never_a_designs_best_choice_and_stands_beside_it() -> None:
    designs = synthetic_points(seeds=range(3), **SMALL)

    def score(point: DesignPoint) -> float:
        return (0.9 if point.dataset == "expert" else 0.1) + 0.01 * point.seed if point.alpha == 0.0 else 0.3

    panels = block((*designs, *cloning_points((0, 1))), score=score)
    assert panels.scores.cloning_by_dataset.tolist() == pytest.approx([0.905, 0.105])
    assert panels.cloning == pytest.approx(0.505)
    for panel in panels.cells:
        for one in panel.bars:
            assert one.value == pytest.approx(0.3), "the better clone must not count as a configuration of AWR"
            assert all(
                choice.edge != "low" or choice.configuration.alpha > 0.0 for choice in one.choices if choice.configuration
            )
    assert np.isnan(block(designs).cloning)


def test_a_sweep_of_cloning_alone_is_drawn_like_any_other() -> None:
    panels = block(cloning_points((0, 1)))
    assert len(panels.cells) == 1
    assert np.isfinite(panels.cloning)


def test_marginal_bars_are_the_means_of_their_row_or_column() -> None:
    panels = block(synthetic_points(seeds=range(5), **SMALL))
    assert [(panel.value_learning, panel.extraction) for panel in panels.over_extraction] == [(v, None) for v in VALUE_LEARNERS]
    for top in panels.over_extraction:
        for one in top.bars:
            assert top.value_learning is not None
            parts = [bar(panels, one.decomposition, top.value_learning, extraction) for extraction in EXTRACTIONS]
            assert one.value == pytest.approx(np.mean([part.value for part in parts]))
            assert one.corrected == pytest.approx(np.mean([part.corrected for part in parts]))
            assert one.seed_scores == pytest.approx(tuple(np.mean([part.seed_scores for part in parts], axis=0)))
            assert one.diverged == sum(part.diverged for part in parts)
            assert one.interval is not None
            assert one.interval.low < one.value < one.interval.high
    for right in panels.over_value_learning:
        for one in right.bars:
            assert right.extraction is not None
            parts = [bar(panels, one.decomposition, value_learning, right.extraction) for value_learning in VALUE_LEARNERS]
            assert one.value == pytest.approx(np.mean([part.value for part in parts]))


def test_missing_and_diverged_runs_are_counted_beside_the_bar_they_belong_to() -> None:
    points = synthetic_points(seeds=range(4), **SMALL)
    gone = [p for p in points if p.decomposition is Decomposition.VDN and p.value_learning is ValueLearning.IQL and p.seed == 3]
    panels = block(points, [point for point in points if point not in gone])
    for panel in panels.cells:
        for one in panel.bars:
            concerned = one.decomposition is Decomposition.VDN and panel.value_learning is ValueLearning.IQL
            assert one.missing == (8 if concerned else 0)
            assert one.seeds == (3 if panel.value_learning is ValueLearning.IQL else 4)
            assert (one.interval is None) == (panel.value_learning is ValueLearning.IQL)


def test_a_bar_without_one_of_the_datasets_is_not_ranked_and_its_panel_not_counted() -> None:
    points = synthetic_points(seeds=(0, 1), **SMALL)
    lacking = (Decomposition.CEN, ValueLearning.TD, Extraction.AWR, "random")
    done = [p for p in points if (p.decomposition, p.value_learning, p.extraction, p.dataset) != lacking]
    panels = block(points, done)
    cen = bar(panels, Decomposition.CEN, ValueLearning.TD, Extraction.AWR)
    assert cen.rank == 0
    assert np.isfinite(cen.value)
    assert [choice.configuration is None for choice in cen.choices] == [False, True]
    count = standing((panels,), Decomposition.MIX)
    assert (count.panels, count.unranked) == (5, 1)


def test_mix_best_or_runner_up_counts_the_panels_it_leads() -> None:
    order = {Decomposition.MIX: 0.5, Decomposition.DEC: 0.4, Decomposition.CEN: 0.3, Decomposition.VDN: 0.2}

    def score(point: DesignPoint) -> float:
        worse = point.decomposition is Decomposition.MIX and point.value_learning is ValueLearning.TD
        last = worse and point.extraction is Extraction.AWR
        return order[point.decomposition] - (0.15 if worse else 0.0) - (0.3 if last else 0.0)

    panels = block(synthetic_points(seeds=(0, 1), **SMALL), score=score)
    count = standing((panels,), Decomposition.MIX)
    assert (count.best, count.runner_up, count.panels) == (4, 1, 6)
    assert bar(panels, Decomposition.MIX, ValueLearning.TD, Extraction.AWR).rank == 4


def test_a_best_alpha_at_the_edge_of_its_grid_is_flagged() -> None:
    def score(point: DesignPoint) -> float:
        return {Extraction.BRAC: -abs(point.alpha - 0.3), Extraction.AWR: point.alpha}[point.extraction]

    points = synthetic_points(datasets=("expert",), seeds=(0,), taus=(0.9,))
    panels = block(points, score=score)
    for panel in panels.cells:
        for one in panel.bars:
            (choice,) = one.choices
            assert choice.edge == ("" if panel.extraction is Extraction.BRAC else "high")
    lone = block(synthetic_points(datasets=("expert",), seeds=(0,), brac_alphas=(0.1,), awr_alphas=(1.0,)))
    assert {choice.edge for panel in lone.cells for one in panel.bars for choice in one.choices} == {""}


@pytest.mark.parametrize(
    ("rule", "column"), [(ScoreRule.FINAL, "score"), (ScoreRule.BEST, "score_best"), (ScoreRule.LAST3, "score_last3")]
)
def test_one_report_uses_one_rule_for_every_runs_score(rule: ScoreRule, column: str) -> None:
    points = synthetic_points(seeds=(0,), **SMALL)
    runs = frame(points)
    (task,) = task_scores(runs, points_table(points), rule)
    assert np.sort(task.scores[np.isfinite(task.scores)]) == pytest.approx(np.sort(runs[column].to_numpy()))


def test_runs_under_two_normalisations_are_never_averaged_as_if_they_were_seeds() -> None:
    norms = (CriticNorm.NONE, CriticNorm.SVN)
    points = synthetic_points(seeds=(0, 1), decompositions=(Decomposition.MIX,), critic_norms=norms, **SMALL)
    panels = block(points, score=lambda point: 0.8 if point.critic_norm is CriticNorm.SVN else 0.2)
    assert panels.scores.varied == ("critic_norm",)
    for panel in panels.cells:
        (one,) = panel.bars
        assert one.value == pytest.approx(0.8)
        assert one.seeds == 2
        assert {choice.configuration.other for choice in one.choices if choice.configuration} == {"critic_norm=svn"}
        assert one.rank == 0  # alone in its panel


def test_two_sources_of_one_task_are_never_averaged_in_one_bar() -> None:
    ours = synthetic_points(seeds=(0, 1), **SMALL)
    theirs = [
        dataclasses.replace(point, source=Source.OG_MARL, dataset_version="published", dataset_seed=None, dataset_size=None)
        for point in ours
        if point.dataset == "expert"
    ]
    (first, second) = task_scores(frame([*ours, *theirs]), points_table([*ours, *theirs]))
    assert (first.task, second.task) == (f"{ours[0].task} (homegrown)", f"{ours[0].task} (og_marl)")
    assert {first.grid_task, second.grid_task} == {ours[0].task}
    assert second.title.endswith(" (og_marl)")
    assert (first.datasets, second.datasets) == (SMALL["datasets"], ("expert",))
    assert (first.done.sum(), second.done.sum()) == (len(ours), len(theirs))
    alone, (plain,) = block(ours).scores, task_scores(frame(ours), points_table(ours))
    np.testing.assert_array_equal(first.scores, alone.scores)
    assert (plain.task, plain.grid_task, plain.source) == (ours[0].task, ours[0].task, "")


def test_full_and_fixed_chance_have_a_panel_each() -> None:
    full = [dataclasses.replace(point, task="skirmish_3m") for point in synthetic_points(seeds=(0, 1), **SMALL)]
    fixed = [dataclasses.replace(point, chance=Chance.FIXED) for point in full]
    points = [*full, *fixed]
    for table in (points_table(points), runs_table(frame(points))):
        first, second = task_scores(frame(points, score=lambda point: 0.25 + 0.5 * (point in fixed)), table)
        assert (first.task, second.task) == ("skirmish_3m", "skirmish_3m (fixed chance)")
        assert {first.grid_task, second.grid_task} == {"skirmish_3m"}
        assert (first.title, second.title) == ("Skirmish - 3m", "Skirmish - 3m (fixed chance)")
        assert (first.source, second.source, first.varied, second.varied) == ("", "", (), ())
        np.testing.assert_array_equal(first.scores[first.done], 0.25)
        np.testing.assert_array_equal(second.scores[second.done], 0.75)
    theirs = [dataclasses.replace(point, source=Source.REGISTERED) for point in fixed]
    blocks = task_scores(frame([*points, *theirs]), points_table([*points, *theirs]))
    assert [(block.task, block.grid_task, block.source) for block in blocks] == [
        ("skirmish_3m (fixed chance) (homegrown)", "skirmish_3m", "homegrown"),
        ("skirmish_3m (fixed chance) (registered)", "skirmish_3m", "registered"),
        ("skirmish_3m (homegrown)", "skirmish_3m", "homegrown"),
    ]


def test_a_report_without_a_grid_takes_its_points_from_the_rows() -> None:
    points = synthetic_points(seeds=(0, 1), **SMALL)
    runs = frame(points)
    (with_grid,), (without,) = task_scores(runs, points_table(points)), task_scores(runs, runs_table(runs))
    np.testing.assert_array_equal(with_grid.scores, without.scores)
    assert with_grid.varied == without.varied == ()
    assert with_grid.datasets == ("expert", "random")


def test_a_diverged_run_counts_with_its_score() -> None:
    points = synthetic_points(seeds=(0, 1), **SMALL)
    runs = frame(points).assign(status="diverged")
    (task,) = task_scores(runs, points_table(points))
    assert np.isfinite(task.scores[task.wanted]).all()
    assert task.diverged.sum() == len(points)


def test_the_curve_over_alpha_is_the_mean_over_designs_and_seeds() -> None:
    points = synthetic_points(seeds=(0, 1, 2), **SMALL)
    runs = frame(points)
    (task,) = task_scores(runs, points_table(points))
    expected = runs.groupby(["dataset", "extraction", "alpha"])["score"].mean()
    curve = alpha_curves(task)
    assert len(curve) == len(expected)
    for point in curve:
        assert point.score == pytest.approx(expected[point.dataset, point.extraction, point.alpha])
        assert point.low <= point.score <= point.high
        assert point.runs == 16 * 3
    apart = alpha_curves(task, by_decomposition=True)
    assert len(apart) == 4 * len(curve)
    assert all(point.runs == 4 * 3 for point in apart)
