"""Says in one sentence each what a word, a backend, a store or a policy still lacks: `python -m tests.completeness`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from recipe_sweep.cluster.backends.registry import BACKENDS
from recipe_sweep.search_spaces.network_sizes import Sizes
from recipe_sweep.search_spaces.vocabulary import (
    ActorBound,
    ActorNorm,
    CriticNorm,
    Decomposition,
    Discretisation,
    Extraction,
    MixerTraining,
    Precision,
    TeamReward,
    ValueLearning,
)
from recipe_sweep.search_spaces.words import Word
from recipe_sweep.sweep.store.registry import STORES
from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS
from recipe_sweep.trainers.decomposition.team_reward import TEAM_REWARDS
from recipe_sweep.trainers.extraction.registry import extraction
from recipe_sweep.trainers.mixers.registry import TRAINED_BY_CRITIC
from recipe_sweep.trainers.normalisation import ACTOR_NORMS, CRITIC_NORMS
from recipe_sweep.trainers.policies.registry import ACTOR_BOUNDS, POLICIES
from recipe_sweep.trainers.precision import ARITHMETIC
from recipe_sweep.trainers.value_learning.registry import VALUE_LEARNING
from tests.checkout import ROOT

LONGEST_NAME = 20
"""Characters under a bar, or in a legend."""

OBJECTS: Mapping[Any, tuple[Callable[[Any], object], str]] = {
    Decomposition: (DECOMPOSITIONS.__getitem__, "a line in trainers/decomposition/registry.py"),
    ValueLearning: (VALUE_LEARNING.__getitem__, "a line in trainers/value_learning/registry.py"),
    Extraction: (extraction, "a file trainers/extraction/WORD.py that defines EXTRACTION"),
    CriticNorm: (CRITIC_NORMS.__getitem__, "a line in trainers/normalisation.py"),
    ActorNorm: (ACTOR_NORMS.__getitem__, "a line in trainers/normalisation.py"),
    MixerTraining: (TRAINED_BY_CRITIC.__getitem__, "a line in trainers/mixers/registry.py"),
    ActorBound: (ACTOR_BOUNDS.__getitem__, "a line in trainers/policies/registry.py"),
    Discretisation: (POLICIES.__getitem__, "a line in trainers/policies/registry.py"),
    TeamReward: (TEAM_REWARDS.__getitem__, "a line in trainers/decomposition/team_reward.py"),
    Precision: (ARITHMETIC.__getitem__, "a line in trainers/precision.py"),
}
"""Of each axis: what finds the object that does what a word says, and where the word has to be added."""

CONTRACTS = {
    "tests/trainers/test_learner.py": "Decomposition.members()",
    "tests/trainers/test_lane_independence.py": "ValueLearning.members()",
    "tests/trainers/builders.py": "Extraction.members()",
    "tests/contracts/test_mixers.py": "MIXERS",
    "tests/contracts/test_policies.py": "POLICIES",
    "tests/contracts/test_backends.py": "BACKENDS",
    "tests/contracts/test_stores.py": "STORES",
}
"""The tests that are the same for all members of a register, by the name of the register in them."""

SIZES = Sizes(agents=3, own=8, state=15, action=2, hidden=(16, 16), mixer_embed=4, mixer_hidden=8)


def lacking() -> list[str]:
    """List everything that lacks."""
    return [*_of_words(), *_of_tests(), *_of_backends_and_stores()]


def _of_words() -> Iterator[str]:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for axis, (find, where) in OBJECTS.items():
        members: tuple[Any, ...] = axis.members() if issubclass(axis, Word) else tuple(axis)
        for word in members:
            name = f"{getattr(axis, 'axis', axis.__name__)} {word.value}"
            try:
                find(word)
            except (KeyError, ImportError, AttributeError):
                yield f"The {name} cannot be trained: it needs {where.replace('WORD', word.value)}."
            if isinstance(word, Word):
                yield from _of_facts(word, name)
            elif f"`{word.value}`" not in glossary:
                yield f"The {name} is not explained in docs/glossary.md."


def _of_facts(word: Word, name: str) -> Iterator[str]:
    if not 0 < len(word.display_name) <= LONGEST_NAME:
        yield f"The {name} has no display_name of at most {LONGEST_NAME} characters for figures."
    if not word.meaning.endswith("."):
        yield f"The {name} has no meaning: a sentence for docs/glossary.md."
    colour = getattr(word, "colour", None)
    if colour is not None:
        if not re.fullmatch(r"#[0-9a-f]{6}", colour):
            yield f"The {name} has no colour such as #d9600b."
        others = [other for other in type(word).members() if other is not word]
        alike = [other.value for other in others if getattr(other, "colour", None) == colour]
        if alike:
            yield f"The {name} has the colour of {alike[0]}."
    if isinstance(word, Decomposition):
        yield from _of_decomposition(word, name)


def _of_decomposition(word: Decomposition, name: str) -> Iterator[str]:
    networks = word.cost(SIZES)
    if min(networks.critic.weights, networks.critics, networks.action) < 1:
        yield f"The {name} has a cost without a critic."
    if word.mixes != bool(networks.mixer):
        yield f"The {name} says mixes={word.mixes}, but its cost has {len(networks.mixer)} networks that mix."
    member = DECOMPOSITIONS.get(word)
    if member is not None and word.mixes != (member.mixer is not None):
        yield f"The {name} says mixes={word.mixes}, but its object says otherwise."
    if not word.critic_norms:
        yield f"The {name} names no critic norm that applies to it."


def _of_tests() -> Iterator[str]:
    for file, register in CONTRACTS.items():
        if not (ROOT / file).exists() or register not in (ROOT / file).read_text(encoding="utf-8"):
            yield f"No contract test in {file} runs over {register}."


def _of_backends_and_stores() -> Iterator[str]:
    clusters = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    for name in BACKENDS:
        if f"`{name}`" not in clusters and f"backend: {name}" not in clusters:
            yield f"The backend {name} has no line in docs/clusters.md."
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for scheme in STORES:
        if f"{scheme}://" not in readme:
            yield f"The store {scheme}:// has no line in README.md."
    for policy in POLICIES.values():
        if not (policy.__doc__ or "").strip():
            yield f"The policy {getattr(policy, '__name__', policy)} has no docstring."


if __name__ == "__main__":
    for sentence in lacking():
        print(sentence)
