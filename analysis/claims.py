"""The paper's claims held against a sweep: what was claimed, what is found here, and whether that says yes, no or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from analysis.panels import TaskPanels

if TYPE_CHECKING:
    from analysis.stability import Stability


class Verdict(StrEnum):
    """What a sweep says of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not enough data"


@dataclass(frozen=True)
class Claim:
    """One claim and what a sweep says of it."""

    name: str
    """short and stable, for tables and links: `mix-leads`"""
    statement: str
    statistic: str
    """what is computed, in one line"""
    paper: str | None
    """the paper's value with its section or figure; None where it prints none"""
    ours: str
    """the sweep's value in words, or a dash"""
    low: float | None
    high: float | None
    """95 % interval of the statistic; None where there is none"""
    verdict: Verdict
    why: str
    """one sentence: why this verdict"""


def claims(blocks: Sequence[TaskPanels], stability: Sequence[Stability] = (), *, rehearsal: bool = False) -> tuple[Claim, ...]:
    """Judge every claim by the scores of the tasks and by what training looked like under each normalisation.

    Needs no complete sweep: what cannot be judged is `Verdict.OPEN` and says what is missing, as is all of a rehearsal.
    """
    raise NotImplementedError("claims are not judged yet")
