"""The regularisation of GVR exists under GVR alone, and its extraction is tied to it."""

from __future__ import annotations

import re

import pytest

from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning
from recipe_sweep.search_spaces.yaml_file import parse_yaml

GRID = """
schema_version: 1
name: tied
axes:
  source: homegrown
  task: simple_spread
  dataset: expert
  decomposition: mix
  value_learning: {learners}
  tau: 0.7
  {more}
  extraction: {extractions}
  alpha: {{awr: [1, 3]}}
  seed: 0-1
"""


def points(learners: str, extractions: str, more: str = "regularisation: [1, 10]", end: str = "") -> tuple[DesignPoint, ...]:
    text = GRID.format(learners=learners, extractions=extractions, more=more) + end
    return expand(grid_from(parse_yaml(text, "grid.yaml"))).points


def test_a_regularisation_multiplies_runs_that_do_not_have_it() -> None:
    found = points("[gvr, iql]", "awr")
    assert len([point for point in found if point.value_learning is ValueLearning.GVR]) == 2 * 2 * 2
    assert {point.regularisation for point in found if point.value_learning is ValueLearning.IQL} == {None}
    assert not any("regularisation" in point.canonical() for point in found if point.value_learning is ValueLearning.IQL)


def test_an_extraction_without_alpha_is_trained_once_for_each_alpha() -> None:
    found = [point for point in points("[gvr, iql]", "[awr, gvr]", end=EXCLUDED) if point.extraction is Extraction.GVR]
    assert len(found) == 2 * 2
    assert all(point.alpha is None and "alpha" not in point.canonical() for point in found)


EXCLUDED = """
exclude:
  - when: {extraction: gvr, value_learning: iql}
    reason: its weights are the learner's
"""


@pytest.mark.parametrize(
    ("learners", "extractions", "more", "told"),
    [
        ("[gvr, iql]", "[awr, gvr]", "regularisation: 1", "gvr under iql, which has no regularised V"),
        ("gvr", "gvr", "hidden_nothing: 1", "regularisations of gvr"),
        ("iql", "awr", "regularisation: 1", "applies only where value_learning is gvr"),
        ("gvr", "gvr", "regularisation: 0", "greater than 0"),
    ],
)
def test_a_grid_without_meaning_is_trained(learners: str, extractions: str, more: str, told: str) -> None:
    with pytest.raises(GridError) as error:
        points(learners, extractions, more.replace("hidden_nothing: 1", "actor_norm: absmean"))
    assert re.search(told, str(error.value)), error.value
