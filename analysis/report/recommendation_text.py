"""Formats a recommendation for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from recipe_sweep.analysis.findings.recommendation import Recommendation
from recipe_sweep.analysis.number_text import with_interval
from recipe_sweep.search_spaces.counted import counted


def recommendation_lines(found: Recommendation) -> Iterator[str]:
    """Write the sentences, then what to train in which order, the evidence, and the caveats."""
    yield from found.sentences
    if found.steps:
        yield "\nWhat to train, in this order:"
    for number, step in enumerate(found.steps, start=1):
        yield f"  {number}. {step.recipe.text}: {counted(step.runs, 'run')} ({step.why})"
    if found.recipe is not None and not found.steps:
        yield "\nNothing is missing: every configuration that would be trained next has its runs."
    if found.evidence:
        yield "\nEvidence:"
    for one in found.evidence:
        yield f"  {one.statement}: {with_interval(one.value, one.low, one.high, digits=3)}"
    if found.caveats:
        yield "\nCaveats:"
    for text in found.caveats:
        yield f"  {text}"


def recommendation_json(found: Recommendation) -> str:
    """Encode the whole recommendation as JSON."""
    return json.dumps(asdict(found), indent=2)
