"""Whoever adds a word, a backend or a store is told in one sentence each what it still lacks."""

from __future__ import annotations

import pytest

from recipe_sweep.search_spaces.network_sizes import agent_critics
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, Extraction
from scripts.glossary import GLOSSARY, render
from tests import completeness


def test_every_word_backend_and_store_has_all_that_it_takes() -> None:
    assert completeness.lacking() == []


def test_the_glossary_says_what_the_words_say() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    assert text == render(text), "run `python scripts/glossary.py`"


def test_a_word_that_was_only_registered_lacks_its_object_and_its_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decomposition, "_members", dict(Decomposition._members))
    facts = {"cost": agent_critics, "critic_norms": (CriticNorm.NONE,)}
    Decomposition.add(Decomposition("median", "Median", "", colour="red", mixes=True, **facts))  # type: ignore[arg-type]
    assert completeness.lacking() == [
        "The decomposition median cannot be trained: it needs a line in trainers/decomposition/registry.py.",
        "The decomposition median has no meaning: a sentence for docs/glossary.md.",
        "The decomposition median has no colour such as #d9600b.",
        "The decomposition median says mixes=True, but its cost has 0 networks that mix.",
    ]


def test_an_extraction_without_its_file_or_with_anothers_colour_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Extraction, "_members", dict(Extraction._members))
    colour = Extraction.AWR.colour
    Extraction.add(
        Extraction("fql", "FQL", "It follows a flow.", colour=colour, marker="s", climbs_critic=True, alpha_clones=True)
    )
    assert [one for one in completeness.lacking() if "fql" in one] == [
        "The extraction awr has the colour of fql.",
        "The extraction fql cannot be trained: it needs a file trainers/extraction/fql.py that defines EXTRACTION.",
        "The extraction fql has the colour of awr.",
    ]
