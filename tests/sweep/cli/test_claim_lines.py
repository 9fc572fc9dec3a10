"""What a report says of the paper's claims on the screen."""

from __future__ import annotations

from recipe_sweep.analysis.findings.claims import Claim, Verdict
from recipe_sweep.sweep.cli.actions.report import claim_lines


def claim(name: str, verdict: Verdict) -> Claim:
    statement = f"{name} is true."
    return Claim(name, statement, "", None, "+0.1 [+0.05, +0.15]", 0.05, 0.15, verdict, "", alone=Verdict.HOLDS)


def test_a_reader_of_the_screen_learns_no_verdict_or_an_unsettled_one() -> None:
    judged = (claim("a", Verdict.HOLDS), claim("b", Verdict.OPEN), claim("c", Verdict.FAILS))
    assert claim_lines(judged) == [
        "2 of the paper's 3 claims are settled.",
        "  holds: a is true. +0.1 [+0.05, +0.15]",
        "  does not hold: c is true. +0.1 [+0.05, +0.15]",
    ]


def test_a_report_of_some_figures_counts_claims_that_it_did_not_judge() -> None:
    assert claim_lines(()) == []
