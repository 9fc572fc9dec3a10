"""Words of the design space in trainers/: each has its class, and no code branches on one."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import StrEnum

import pytest

from recipe_sweep.search_spaces import vocabulary
from recipe_sweep.search_spaces.vocabulary import (
    ActorBound,
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    MixerTraining,
    Precision,
    TeamReward,
    ValueLearning,
)
from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS
from recipe_sweep.trainers.decomposition.team_reward import TEAM_REWARDS
from recipe_sweep.trainers.extraction.registry import EXTRACTION
from recipe_sweep.trainers.mixers.registry import TRAINED_BY_CRITIC
from recipe_sweep.trainers.normalisation import ACTOR_NORMS, CRITIC_NORMS
from recipe_sweep.trainers.policies.registry import ACTOR_BOUNDS
from recipe_sweep.trainers.precision import ARITHMETIC
from recipe_sweep.trainers.value_learning.registry import VALUE_LEARNING
from tests.checkout import ROOT

REGISTRIES: dict[type[StrEnum], Mapping[object, object]] = {
    Decomposition: DECOMPOSITIONS,
    ValueLearning: VALUE_LEARNING,
    Extraction: EXTRACTION,
    CriticNorm: CRITIC_NORMS,
    ActorNorm: ACTOR_NORMS,
    MixerTraining: TRAINED_BY_CRITIC,
    ActorBound: ACTOR_BOUNDS,
    TeamReward: TEAM_REWARDS,
    Precision: ARITHMETIC,
}
WITH_COMPARISONS = {"cost.py"}
"""Files that still ask for words."""


@pytest.mark.parametrize("axis", REGISTRIES, ids=lambda axis: axis.__name__)
def test_every_word_of_a_grid_can_be_trained(axis: type[StrEnum]) -> None:
    assert set(axis) == REGISTRIES[axis].keys()


def compared_words(source: str) -> list[str]:
    """Words that stand in a comparison or a case of the source, as `line: Axis.WORD`."""
    axes = {axis.__name__ for axis in REGISTRIES} & vars(vocabulary).keys()
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare | ast.MatchValue):
            words = [part for part in ast.walk(node) if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name)]
            found += [f"{word.lineno}: {ast.unparse(word)}" for word in words if ast.unparse(word.value) in axes]
    return found


def test_no_code_branches_on_a_word() -> None:
    """Else a new word is silently taken for another one."""
    files = [path for path in sorted((ROOT / "trainers").rglob("*.py")) if path.name not in WITH_COMPARISONS]
    wrong = [f"{path.relative_to(ROOT)}:{word}" for path in files for word in compared_words(path.read_text(encoding="utf-8"))]
    assert not wrong, wrong


def test_comparisons_are_found() -> None:
    source = (
        "a = x is CriticNorm.SVN\nb = x in (1, ActorNorm.NONE)\nmatch x:\n    case Precision.BF16: pass\n{Extraction.AWR: 1}"
    )
    assert compared_words(source) == ["1: CriticNorm.SVN", "2: ActorNorm.NONE", "4: Precision.BF16"]
