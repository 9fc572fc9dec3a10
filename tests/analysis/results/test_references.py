"""Policies that learn nothing are placed on the scale of the runs beside them, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recipe_sweep.analysis.findings.one_alpha import one_alphas
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.findings.references import reference_sentences, references_frame, score_sentences
from recipe_sweep.analysis.report.table import choices_table
from recipe_sweep.analysis.results.references import NAMES
from recipe_sweep.analysis.results.scores import TaskScores, points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Chance, Decomposition, Extraction, Source, ValueLearning
from recipe_sweep.sweep.results.scales import Scale, present_scale
from tests.builders import design_point

ANT = [
    design_point(
        task="2ant",
        dataset=dataset,
        dataset_version="2",
        decomposition=decomposition,
        value_learning=ValueLearning.SARSA,
        extraction=Extraction.AWR,
        seed=seed,
    )
    for dataset in ("expert", "medium")
    for decomposition in (Decomposition.MIX, Decomposition.VDN)
    for seed in range(4)
]


def scored(points: list[DesignPoint], scale: Scale | None) -> TaskScores:
    rows = {"run_id": [point.run_id for point in points], "status": "finished", "score": 0.5}
    runs = pd.DataFrame(rows).assign(**({} if scale is None else {"scale_min": scale.minimum, "scale_max": scale.maximum}))
    (task,) = task_scores(runs, points_table(points))
    return task


def present(version: str = "2") -> Scale:
    found = present_scale("homegrown", "2ant", [version])
    assert found is not None
    return found


def panels(task: TaskScores) -> TaskPanels:
    return task_panels(task, np.random.default_rng(0), 20)


def means(task: TaskScores) -> dict[str, float]:
    return {one.name: one.mean for one in task.references}


def test_standing_still_is_placed_as_the_table_of_the_data_page_has_it() -> None:
    task = scored(ANT, present())
    found = means(task)
    assert found["uniform actions"] == 0.0
    assert found["doing nothing"] == pytest.approx(0.251, abs=5e-4)
    by_dataset = {one.name: one.by_dataset.tolist() for one in task.references}
    low, high = present()
    expected = [(mean - low) / (high - low) for mean in (3528.8186789955125, 1497.563762123882)]
    assert by_dataset["the data's own policy"] == pytest.approx(expected)


def test_an_old_sweep_has_them_on_its_own_scale() -> None:
    older = [replace(point, dataset_version="1") for point in ANT]
    assert means(scored(older, present("1")))["doing nothing"] == pytest.approx(0.399, abs=5e-4)


@pytest.mark.parametrize("scale", [None, Scale(0.0, 100.0)])
def test_beside_made_up_scores_none_is_placed(scale: Scale | None) -> None:
    task = scored(ANT, scale)
    assert task.references == ()
    assert references_frame([panels(task)]).empty
    assert reference_sentences([panels(task)]) == []
    assert score_sentences([panels(task)]) == []


def test_published_data_whose_own_policy_is_unknown_say_so_once() -> None:
    version = "omiga/mamujoco/2ant@main"
    points = [
        replace(point, source=Source.OG_MARL, dataset_version=version, dataset_seed=None, dataset_size=None) for point in ANT
    ]
    task = scored(points, Scale(895.37, 2124.15))
    assert list(means(task)) == ["doing nothing", "uniform actions"]
    (_, lacking) = reference_sentences([panels(task)])
    assert lacking == "Not measured on every dataset: the data's own policy, cloning (reference)."


def test_the_table_and_the_numbers_have_every_policy_that_is_known() -> None:
    block = panels(scored(ANT, present()))
    frame, known = references_frame([block]), list(means(block.scores))
    assert set(known) <= set(NAMES)
    for name in known:
        assert f"| {name} |" in choices_table(block, one_alphas([block]))
        assert frame[frame["policy"] == name]["dataset"].tolist() == ["all", "expert", "medium"]
    assert "doing nothing 0.25" in score_sentences([block])[0]


def test_policies_of_full_chance_stand_beside_no_runs_of_fixed_chance() -> None:
    full = [replace(point, task="skirmish_3m", dataset="good", dataset_version="1") for point in ANT[:8]]
    scale = present_scale("homegrown", "skirmish_3m", ["1"])
    assert scale is not None
    assert means(scored(full, scale))["the data's own policy"] == pytest.approx(15.34 / 20, abs=0.01)
    assert means(scored([replace(point, chance=Chance.FIXED) for point in full], scale)) == {}
