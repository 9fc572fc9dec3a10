"""Recommendations: the best design of a world whose truth is known, said no more surely than the seeds allow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_sweep.analysis.errors import AdviceError
from recipe_sweep.analysis.findings.best_recipe import Recipe, choose
from recipe_sweep.analysis.findings.claims import claims
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.recommendation import PUBLISHED, Basis, recommend
from recipe_sweep.analysis.report.advice import advise
from recipe_sweep.analysis.report.recommendation_text import recommendation_json, recommendation_lines
from recipe_sweep.analysis.results.scores import Configuration, points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.schema import REHEARSAL
from tests.analysis.findings.test_claims import SMALL, blocks, noise
from tests.analysis.synthetic import synthetic_points, write_sweep


def world(point: DesignPoint) -> float:
    """Dec with SARSA and BRAC is best, at alpha 1 on average and at alpha 0.1 on expert."""
    best = (point.decomposition, point.value_learning, point.extraction) == ("dec", "sarsa", "brac")
    at = {"expert": 0.1, "random": -0.3}[point.dataset] * (point.alpha == 0.1)
    return 0.4 + 0.5 * best + at + 0.01 * noise(point)


def test_the_best_design_is_recommended_at_the_alpha_that_is_best_on_average_or_on_the_dataset() -> None:
    panels = blocks(synthetic_points(seeds=range(6), **SMALL), world)
    found = recommend(panels, claims(panels))
    design = (Decomposition.DEC, ValueLearning.SARSA, Extraction.BRAC)
    assert found.basis is Basis.RESULTS
    assert found.recipe == Recipe(*design, alpha=1.0, tau=None)
    assert recommend(panels, dataset="expert").recipe == Recipe(*design, alpha=0.1, tau=None)
    assert len(found.sentences) == 3
    assert "on the other half); highest of 24 designs." in found.sentences[0]
    assert "ahead of 23 other designs" in found.sentences[2]
    assert found.evidence[0].low is not None
    assert found.evidence[0].low < found.evidence[0].value


def test_designs_without_a_significant_difference_are_called_tied_and_tried_next() -> None:
    panels = blocks(synthetic_points(seeds=range(6), **SMALL), noise)
    found = recommend(panels, claims(panels))
    assert found.sentences[1] == "These runs do not show which choice matters most."
    begin = "23 of 23 other designs are statistically tied with it. More seeds will not separate them: the nearest, "
    assert found.sentences[2].startswith(begin)
    assert found.steps == ()  # All of them have their seeds.
    assert "Nothing is missing" in "\n".join(recommendation_lines(found))
    found = recommend(blocks(synthetic_points(seeds=range(2), **SMALL), noise))
    assert found.steps[1].why.startswith("no significant difference from the best")


def test_a_difference_that_a_few_more_seeds_would_show_comes_with_their_number() -> None:
    panels = blocks(synthetic_points(seeds=range(6), **SMALL), lambda point: world(point) + 0.2 * noise(point))
    sentence = recommend(panels).sentences[2]
    found = re.match(r"\d+ of 23 other designs are statistically tied with it\. The nearest, .* separate the two\.", sentence)
    assert found is not None
    assert re.search(r"behind; if that is the true difference, about \d+ seeds would", sentence)


def test_two_seeds_give_a_recommendation_without_any_interval() -> None:
    found = recommend(blocks(synthetic_points(seeds=range(2), **SMALL), world))
    assert all(one.low is None for one in found.evidence)
    assert found.sentences[2] == "2 seeds are too few for an interval, which needs 4."
    assert any("2 seeds give no interval" in text for text in found.caveats)


@pytest.mark.parametrize(("budget", "runs"), [(None, [4] * 5), (100, [4] * 5), (8, [4, 4]), (7, [4]), (3, [3])])
def test_a_budget_is_never_exceeded_and_the_first_step_is_always_there(budget: int | None, runs: list[int]) -> None:
    found = recommend(blocks(synthetic_points(seeds=range(2), **SMALL), world), budget=budget)
    assert [step.runs for step in found.steps] == runs


@pytest.mark.parametrize("panels", [0, 1])
def test_without_results_of_a_task_the_papers_recipe_stands_in_and_says_so(panels: int) -> None:
    found = recommend(blocks(synthetic_points(seeds=range(4), **SMALL), world)[:panels], task="2ant")
    assert found.basis is Basis.PAPER
    assert found.recipe == PUBLISHED
    assert found.sentences[0].startswith("There are no results of 2ant")
    assert not found.evidence


def test_a_rehearsal_recommends_nothing() -> None:
    found = recommend(blocks(synthetic_points(seeds=range(4), **SMALL), world), rehearsal=True)
    assert found.recipe is None
    assert found.sentences[0].startswith("A rehearsal")


def points(seeds: Sequence[int] = range(4)) -> tuple[DesignPoint, ...]:
    return synthetic_points(seeds=seeds, **SMALL)


def test_the_same_results_give_the_same_words_for_people_and_machines(tmp_path: Path) -> None:
    write_sweep(tmp_path, points())
    first, again = (advise(tmp_path, points()) for _ in range(2))
    assert recommendation_json(first) == recommendation_json(again)
    content = json.loads(recommendation_json(first))
    assert content["recipe"]["decomposition"] in list(Decomposition.members())
    text = "\n".join(recommendation_lines(first))
    assert all(sentence in text for sentence in first.sentences)
    assert all(step.recipe.text in text for step in first.steps)


def test_a_sweep_that_was_never_launched_gets_the_papers_recipe(tmp_path: Path) -> None:
    assert advise(tmp_path / "nowhere", points()).basis is Basis.PAPER


def test_hours_are_turned_into_runs_by_what_finished_runs_took(tmp_path: Path) -> None:
    write_sweep(tmp_path, points(), pack_size=1)  # 300 s each
    assert sum(step.runs for step in advise(tmp_path, points(), budget="0.5h").steps) <= 6
    with pytest.raises(AdviceError, match="no finished run"):
        advise(tmp_path / "nowhere", points(), budget="2h")


def test_results_that_a_rehearsal_made_up_are_refused(tmp_path: Path) -> None:
    (file,) = (write_sweep(tmp_path, points(), pack_size=1000) / "results").iterdir()
    table = pq.read_table(file)
    hashes = pa.array([f"{REHEARSAL}-0"] * len(table), pa.string())
    place = table.schema.get_field_index("data_hash")
    pq.write_table(table.set_column(place, table.schema.field(place), hashes), file)
    with pytest.raises(AdviceError, match="a rehearsal"):
        advise(tmp_path, points())


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(AdviceError) as error:
        advise(tmp_path, points(), task="2an", dataset="exprt", budget="0")
    assert [problem.key for problem in error.value.problems] == ["--task", "--dataset", "--budget"]


def with_diverged(panels: list[TaskPanels], diverged: Callable[[Configuration, str, int], bool]) -> list[TaskPanels]:
    """The same panels, where runs of a (configuration, dataset, seed) diverged, with the scores that they had."""
    found = []
    for block in panels:
        scores, marks = block.scores, np.zeros_like(block.scores.done)
        for place in np.ndindex(scores.done.shape):
            entry = scores.configurations[place[:5]]
            marks[place] = entry is not None and scores.done[place] and diverged(entry, scores.datasets[place[3]], place[5])
        found.append(replace(block, scores=replace(scores, diverged=marks)))
    return found


@pytest.fixture(scope="module")
def three_seeds() -> list[TaskPanels]:
    return list(blocks(synthetic_points(seeds=range(3), **SMALL), world))


def test_a_configuration_of_which_every_run_diverged_is_never_recommended(three_seeds: list[TaskPanels]) -> None:
    assert recommend(three_seeds).recipe.alpha == 1.0
    found = recommend(with_diverged(three_seeds, lambda entry, dataset, seed: entry.alpha == 1.0))
    assert found.recipe is not None
    assert 1.0 not in {found.recipe.alpha, *(step.recipe.alpha for step in found.steps)}
    assert any("diverged, and none is recommended" in text for text in found.caveats)


def test_what_diverged_on_one_dataset_is_no_recipe_for_all_but_may_be_one_for_the_other(three_seeds: list[TaskPanels]) -> None:
    panels = with_diverged(three_seeds, lambda entry, dataset, seed: entry.alpha == 1.0 and dataset == "expert")
    assert recommend(panels).recipe.alpha != 1.0
    assert recommend(panels, dataset="random").recipe.alpha == 1.0
    assert recommend(panels, dataset="expert").recipe.alpha != 1.0


def test_where_every_run_diverged_nothing_is_recommended_and_it_is_said(three_seeds: list[TaskPanels]) -> None:
    found = recommend(with_diverged(three_seeds, lambda *_: True))
    assert found.recipe is None
    assert found.steps == ()
    assert "diverged, so these results recommend no configuration" in found.sentences[0]
    assert "lr" in found.sentences[2]
    assert recommendation_json(found)


def test_a_configuration_of_which_some_runs_diverged_may_be_recommended_with_their_number(
    three_seeds: list[TaskPanels],
) -> None:
    found = recommend(with_diverged(three_seeds, lambda entry, dataset, seed: entry.alpha == 1.0 and seed == 0))
    assert found.recipe.alpha == 1.0
    assert "2 of the recipe's 6 runs diverged." in found.caveats


def test_without_divergence_not_a_word_is_said_of_it(three_seeds: list[TaskPanels]) -> None:
    assert "diverged" not in "\n".join(recommendation_lines(recommend(three_seeds)))


@pytest.mark.parametrize(("seeds", "missing"), [(2, 4), (3, 2), (4, 0), (6, 0)])
def test_runs_that_are_done_are_never_asked_for(seeds: int, missing: int) -> None:
    found = recommend(blocks(synthetic_points(seeds=range(seeds), **SMALL), world))
    assert {step.runs for step in found.steps} == ({missing} if missing else set())
    if missing:
        assert f"of which {8 - missing} of 8 runs are done" in found.steps[0].why


def lucky_half(point: DesignPoint) -> float:
    """VDN with SARSA and BRAC is best in every seed. Later seeds are unlucky on all designs."""
    best = (point.decomposition, point.value_learning, point.extraction) == ("vdn", "sarsa", "brac")
    return 0.5 + 0.1 * best - 0.4 * (point.seed >= 4) + 0.01 * noise(point)


def half_done(score: Callable[[DesignPoint], float], keep: Callable[[DesignPoint], bool]) -> list[TaskPanels]:
    points = synthetic_points(seeds=range(8), **SMALL)
    runs = pd.DataFrame([{"run_id": one.run_id, "score": score(one), "status": "finished"} for one in points if keep(one)])
    return [task_panels(one, np.random.default_rng(0), 2) for one in task_scores(runs, points_table(points))]


def test_a_half_done_design_is_recommended_because_its_seeds_were_lucky() -> None:
    found = recommend(half_done(lucky_half, lambda point: point.decomposition != "mix" or point.seed < 4))
    assert found.recipe is not None
    assert found.recipe.decomposition is Decomposition.VDN
    assert any(text.startswith("Designs are ranked on the seeds that all have; this leaves ") for text in found.caveats)


def test_one_design_with_a_single_seed_leaves_nothing_to_recommend() -> None:
    def keep(point: DesignPoint) -> bool:
        seeds = {"mix": range(3), "cen": range(2, 8)}.get(point.decomposition, range(8))
        return point.seed in seeds

    found = recommend(half_done(lucky_half, keep))
    assert found.basis is Basis.RESULTS
    assert "Each design is ranked on its own seeds, because the designs have too few seeds in common." in found.caveats


def test_the_interval_of_a_lead_excludes_0_where_the_sentence_calls_the_design_tied() -> None:
    panels = blocks(synthetic_points(seeds=range(6), **SMALL), lambda point: world(point) + 0.15 * noise(point))
    choice = choose([block.designs for block in panels], None)
    assert choice is not None
    assert {one.sure for one in choice.rivals} == {True, False}
    alone = sum(one.lead.p_value < 0.05 for one in choice.rivals)
    assert alone > sum(one.sure for one in choice.rivals), "single comparisons would call more designs behind"
    assert all(one.sure == (one.lead.low > 0.0) for one in choice.rivals)
    shown = recommend(panels).evidence[1:]
    assert [one.low for one in shown] == [one.lead.low for one in choice.rivals[: len(shown)]]
