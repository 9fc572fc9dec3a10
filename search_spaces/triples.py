"""Published algorithms as points of the design space: decomposition, value learner, extraction and critic norm of each."""

from __future__ import annotations

from dataclasses import dataclass

from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, Extraction, ValueLearning


@dataclass(frozen=True)
class Triple:
    """A named design. Figures and tables show it under its title."""

    title: str
    decomposition: str
    """name of the word, which another release may lack"""
    value_learning: ValueLearning
    extraction: Extraction
    critic_norm: CriticNorm
    family: str
    """name that related triples share"""
    is_base: bool = False
    """whether it is the published algorithm, with which the others of its family are compared"""
    colour: str = "#8a8a8a"
    """colour of its bars"""

    def matches(self, decomposition: str, value_learning: str, extraction: str, critic_norm: str) -> bool:
        """Say whether a run of these words is one of the triple."""
        own = (self.decomposition, self.value_learning, self.extraction, self.critic_norm)
        return own == (decomposition, value_learning, extraction, critic_norm)


_OMIGA, _MAC_FLOW = "OMIGA", "MAC-Flow"
_GVR, _TD = (ValueLearning.GVR, Extraction.GVR), (ValueLearning.TD, Extraction.FLOW)

_ALL = (
    Triple("OMIGA", "wvdn", *_GVR, CriticNorm.NONE, _OMIGA, is_base=True),
    Triple("OMIGA + SVN", "wvdn", *_GVR, CriticNorm.SVN, _OMIGA, colour="#c9b27c"),
    Triple("OMIGA + Mix", "mix", *_GVR, CriticNorm.SVN, _OMIGA, colour="#d9600b"),
    Triple("MAC-Flow", "vdn", *_TD, CriticNorm.NONE, _MAC_FLOW, is_base=True),
    Triple("MAC-Flow + Mix", "mix", *_TD, CriticNorm.SVN, _MAC_FLOW, colour="#d9600b"),
)


def triples() -> tuple[Triple, ...]:
    """List the triples whose words this release has, the base of each family first."""
    known = {word.value for word in Decomposition.members()}
    return tuple(triple for triple in _ALL if triple.decomposition in known)


def title_of(decomposition: str, value_learning: str, extraction: str) -> str | None:
    """Return the title of the one triple with these words, whatever its critic norm; None if there is none or several."""
    words = (decomposition, value_learning, extraction)
    found = [one.title for one in triples() if (one.decomposition, one.value_learning, one.extraction) == words]
    return found[0] if len(found) == 1 else None


def triple_of(decomposition: str, value_learning: str, extraction: str, critic_norm: str) -> Triple | None:
    """Find the triple of a run with these words; None if it has no name."""
    return next((one for one in triples() if one.matches(decomposition, value_learning, extraction, critic_norm)), None)
