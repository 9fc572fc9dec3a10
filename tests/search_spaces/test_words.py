"""Words of the design space: what they know stands on them, and nobody else tells one from another."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from recipe_sweep.search_spaces.network_sizes import agent_critics
from recipe_sweep.search_spaces.plugins import PluginError
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.search_spaces.words import Word
from tests.checkout import ROOT, python_files

AXES: tuple[type[Word], ...] = (Decomposition, ValueLearning, Extraction, CriticNorm, ActorNorm)
CLASSES = {axis.__name__ for axis in AXES} | {
    "MixerTraining",
    "ActorBound",
    "Discretisation",
    "TeamReward",
    "Precision",
    "Name",
}
EXCEPTIONS = {
    "search_spaces/vocabulary.py": "it owns the words",
    "search_spaces/point.py": "it compares a field with its default, whatever the field is",
}


@pytest.mark.parametrize("word", [word for axis in AXES for word in axis.members()])
def test_a_copy_of_a_word_is_the_word_itself(word: Word) -> None:
    assert copy.deepcopy(word) is word
    assert pickle.loads(pickle.dumps(word)) is word
    assert type(word).of(word.value) is word
    assert json.loads(json.dumps([word])) == [word.value]
    assert type(word.value) is str


def test_no_two_words_of_an_axis_share_a_place_or_what_figures_call_them() -> None:
    for axis in AXES:
        assert [axis.place(word) for word in axis.members()] == list(range(len(axis.members())))
        assert len({word.display_name for word in axis.members()}) == len(axis.members())


def test_a_word_without_a_needed_fact_is_refused_in_one_sentence_that_names_it() -> None:
    facts: dict[str, Any] = {
        "display_name": "X",
        "meaning": "An X.",
        "colour": "#000000",
        "cost": agent_critics,
        "critic_norms": (CriticNorm.NONE,),
    }
    for lacking in facts:
        with pytest.raises(TypeError, match=rf"the decomposition 'x' lacks {lacking}: see Decomposition in "):
            Decomposition("x", **{name: fact for name, fact in facts.items() if name != lacking})
    with pytest.raises(TypeError, match="lacks meaning, colour, cost, critic_norms"):
        Decomposition("x", "X")  # type: ignore[call-arg]


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(PluginError, match="'mix', registered again"):
        Decomposition.add(
            Decomposition("mix", "Mix", "It mixes.", colour="#000000", cost=agent_critics, critic_norms=(CriticNorm.NONE,))
        )


def test_an_unknown_word_names_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="'qmix' is no decomposition; there are cen, mix, vdn, dec"):
        Decomposition.of("qmix")
    with pytest.raises(ValidationError, match="one of cen, mix, vdn, dec"):
        TypeAdapter(Decomposition).validate_python("qmix")
    with pytest.raises(ValidationError):
        TypeAdapter(Decomposition).validate_python(1)


def comparisons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Places that compare something with a word, or match it."""
    for node in ast.walk(tree):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        for side in [
            part for one in sides for part in (one.elts if isinstance(one, ast.Tuple | ast.List | ast.Set) else [one])
        ]:
            if isinstance(side, ast.Attribute) and side.attr == "value":
                side = side.value
            if isinstance(side, ast.Attribute) and isinstance(side.value, ast.Name) and side.value.id in CLASSES:
                if side.attr.isupper():
                    yield side.lineno, ast.unparse(side)
            elif isinstance(side, ast.Constant) and side.value in {word.value for axis in AXES[:3] for word in axis.members()}:
                yield side.lineno, repr(side.value)


def test_nothing_but_the_vocabulary_compares_words() -> None:
    """A comparison elsewhere is a fact that a new word would lack, silently."""
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in python_files()
        if str(file.relative_to(ROOT)) not in EXCEPTIONS
        for line, text in comparisons(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "x is Decomposition.MIX",
        "x in (CriticNorm.SVN, CriticNorm.NONE)",
        "Extraction.AWR.value == x",
        "x != 'mix'",
        "match x:\n    case ValueLearning.TD:\n        pass",
    ],
)
def test_a_comparison_of_a_word_is_found(source: str) -> None:
    assert list(comparisons(ast.parse(source)))
