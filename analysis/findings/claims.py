"""Compares the paper's claims with a sweep: what the paper claims, what is found here, and the verdict.

Verdicts stand for the whole list: with 95 % confidence none of them is false (Holm). `alone` is for a reader with one question
that was fixed before the results were seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import holm
from recipe_sweep.analysis.findings.claim_list import CLAIMS, Definition, Scale
from recipe_sweep.analysis.findings.evidence import Finding, Sweep
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.stability import Stability
from recipe_sweep.analysis.findings.worst_scores import WORDS, at_worst
from recipe_sweep.analysis.number_text import NOTHING
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM


class Verdict(StrEnum):
    """What the results of a sweep say about a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not enough data"


@dataclass(frozen=True)
class Claim:
    """One claim with what a sweep says about it."""

    name: str
    """short and stable name, used in tables and links: `mix-leads`"""
    statement: str
    statistic: str
    """what is computed, in one line"""
    paper: str | None
    """the paper's value with its section or figure; None if the paper prints none"""
    ours: str
    """the sweep's value in words with its interval, or a dash"""
    low: float | None
    high: float | None
    """95 % interval of the statistic, on the scale of `ours`; None if there is none"""
    verdict: Verdict
    why: str
    """the reason for the verdict, in one sentence or a few"""
    alone: Verdict
    """the verdict if this claim were the only question"""


FAMILY_ERROR = 0.05
"""Share of sweeps in which any verdict of the list may be false."""
_WEIGHTS = np.array([one.weight for one in CLAIMS])
FAMILY_SENTENCE = (
    f"Verdicts stand for the whole list: any of them is false in at most {100.0 * FAMILY_ERROR:.0f} % of sweeps. "
    "Asked alone is for a reader with one question, fixed before the results were seen."
)


class _Judged(NamedTuple):
    verdict: Verdict
    alone: Verdict
    why: str


def claims(blocks: Sequence[TaskPanels], stability: Sequence[Stability] = (), *, rehearsal: bool = False) -> tuple[Claim, ...]:
    """Judge every claim by the scores of the tasks and by the stability of training under each normalisation.

    The sweep need not be complete. A claim without enough data is `Verdict.OPEN` and says what is missing. So is every claim
    of a rehearsal. If runs diverged, the sweep is judged again with these at the worst score, and claims say what changes.
    """
    if rehearsal:
        nothing, none = Finding(math.nan, math.nan, math.nan), _Judged(Verdict.OPEN, Verdict.OPEN, NO_CLAIM)
        return tuple(_claim(one, nothing, none) for one in CLAIMS)
    findings = _findings(blocks, stability)
    found = tuple(_claim(*one) for one in zip(CLAIMS, findings, _judged_together(findings), strict=True))
    lowered = at_worst(blocks)
    if not lowered:
        return found
    again = _findings(lowered, stability)
    return tuple(_twice(*one) for one in zip(CLAIMS, found, again, _judged_together(again), strict=True))


def _twice(definition: Definition, claim: Claim, again: Finding, judged: _Judged) -> Claim:
    """Say what changes in the second reading: a count of panels, and the verdict."""
    if again.of and claim.ours != NOTHING:
        claim = replace(claim, ours=f"{claim.ours}; {definition.scale.number(again.value)} {WORDS}")
    if judged.verdict is claim.verdict:
        return claim
    return replace(claim, why=f"{claim.why} {WORDS[0].upper()}{WORDS[1:]} the verdict is: {judged.verdict}.")


def _findings(blocks: Sequence[TaskPanels], stability: Sequence[Stability]) -> list[Finding]:
    sweep = Sweep(tuple(blocks), tuple(block.designs for block in blocks), tuple(stability))
    return [one.find(sweep) for one in CLAIMS]


def _judged_together(findings: Sequence[Finding]) -> list[_Judged]:
    """Judge each claim alone, and keep a verdict only if the whole list of verdicts is sure."""
    alone = [_judged(*one) for one in zip(CLAIMS, findings, strict=True)]
    p_values = np.array([finding.p_value for finding in findings])
    asked = int(np.isfinite(p_values).sum())
    # A single claim is judged by its interval, with which the p-value of skewed scores does not always agree.
    sure = [True] * len(findings) if asked == 1 else (holm(p_values, _WEIGHTS) < FAMILY_ERROR).tolist()
    return [one if certain else _too_many(one, asked) for one, certain in zip(alone, sure, strict=True)]


def _too_many(judged: _Judged, asked: int) -> _Judged:
    """Take back a verdict that would stand alone and does not stand among so many claims."""
    if judged.alone is Verdict.OPEN:
        return judged
    would = "hold" if judged.alone is Verdict.HOLDS else "not hold"
    why = f"Asked alone it would {would}. {judged.why} Among {asked} claims such a result comes by chance too often."
    return judged._replace(verdict=Verdict.OPEN, why=why)


def _judged(definition: Definition, finding: Finding) -> _Judged:
    """Judge a claim alone, by the side of the border on which the whole interval lies."""
    border = f"{definition.scale.number(finding.border)}{definition.scale.unit}"
    if finding.lacks:
        verdict, why = Verdict.OPEN, f"This claim needs {finding.lacks}."
    elif finding.low > finding.border:
        verdict, why = Verdict.HOLDS, f"The whole interval is on the claim's side of {border}."
    elif finding.high < finding.border:
        verdict, why = Verdict.FAILS, f"The whole interval is on the other side of {border}."
    else:
        verdict, why = Verdict.OPEN, f"The interval contains {border}, so these seeds do not decide."
    return _Judged(verdict, verdict, why)


def _claim(definition: Definition, finding: Finding, judged: _Judged) -> Claim:
    scale, ours = definition.scale, NOTHING
    ends: tuple[float | None, float | None] = (None, None)
    if math.isfinite(finding.low) and math.isfinite(finding.high):
        # Sorted, because a scale may swap the ends of the interval.
        low, high = sorted((finding.low, finding.high), key=scale.of)
        ends = (scale.of(low), scale.of(high))
        # A count that is the same in every resample gets no interval, because the interval would say nothing.
        numbers = dict.fromkeys(scale.number(number) for number in (finding.value, low, high))
        reach = f" [{scale.number(low)}, {scale.number(high)}]" if len(numbers) > 1 else ""
        ours = f"{scale.number(finding.value)}{reach}{scale.unit}{finding.of}"
    elif math.isfinite(finding.value):
        ours = f"{scale.number(finding.value)}{scale.unit}{finding.of}"
    return Claim(
        name=definition.name,
        statement=definition.statement,
        statistic=definition.statistic,
        paper=definition.paper,
        ours=ours,
        low=ends[0],
        high=ends[1],
        verdict=judged.verdict,
        why=judged.why + _beyond(scale, finding),
        alone=judged.alone,
    )


def _beyond(scale: Scale, finding: Finding) -> str:
    """Say how many of a finding's numbers are printed as the limit of their scale, after a space; empty where none is."""
    count = scale.beyond(finding.value, finding.low, finding.high)
    if not count:
        return ""
    limit = f"{scale.limit:g}{scale.unit}"
    return f" {count} of its 3 numbers {'lies' if count == 1 else 'lie'} beyond {limit}, and the limit is printed instead."
