"""The recipe in three sentences, made from the numbers: which configuration to try first, why, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from analysis.claims import Claim
from analysis.panels import TaskPanels
from search_spaces.vocabulary import Decomposition, Extraction, ValueLearning


class Basis(StrEnum):
    """What a recommendation rests on."""

    RESULTS = "these results"
    PAPER = "the paper"


@dataclass(frozen=True)
class Recipe:
    """A configuration to train."""

    decomposition: Decomposition
    value_learning: ValueLearning
    extraction: Extraction
    alpha: float
    tau: float | None
    """None unless value learning is IQL"""
    other: str = ""
    """settings beyond these that the sweep varies, empty as a rule"""


@dataclass(frozen=True)
class Evidence:
    """One number that speaks for (or against) a recommendation."""

    statement: str
    value: float
    low: float | None
    high: float | None
    """95 % interval; None under four seeds"""


@dataclass(frozen=True)
class Step:
    """One thing to train, in order of preference."""

    recipe: Recipe
    runs: int
    why: str


@dataclass(frozen=True)
class Recommendation:
    """What to try first, why, and what next."""

    sentences: tuple[str, ...]
    """three of them; one, of refusal, for a rehearsal"""
    basis: Basis
    recipe: Recipe | None
    """None for a rehearsal"""
    steps: tuple[Step, ...]
    """the recipe first, as many as the budget allows"""
    evidence: tuple[Evidence, ...]
    caveats: tuple[str, ...]


def recommend(
    blocks: Sequence[TaskPanels],
    claims: Sequence[Claim] = (),
    *,
    task: str | None = None,
    dataset: str | None = None,
    budget: int | None = None,
    rehearsal: bool = False,
) -> Recommendation:
    """Recommend a configuration for all tasks of a sweep, or for one task or dataset; `budget` is a number of runs.

    Where the blocks have no scores of that task, the paper's published recipe stands in, and says so.
    """
    raise NotImplementedError("nothing is recommended yet")
