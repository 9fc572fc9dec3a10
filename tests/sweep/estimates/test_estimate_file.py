from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recipe_sweep.sweep.estimates.estimate_file import (
    BasisCount,
    Estimate,
    Outcome,
    Score,
    last_score,
    read_scores,
    write_estimate,
    write_outcome,
)
from recipe_sweep.sweep.estimates.paces import Basis
from recipe_sweep.sweep.files.paths import SweepPaths

ESTIMATE = Estimate(
    datetime(2026, 1, 2, tzinfo=UTC), 8, 4, 2, 186.0, 350.0, 2.0, 1.0, 0.25, (BasisCount(Basis.PROBED, 4),), ("a note",)
)
OUTCOME = Outcome("here", took_s=204.0, start_s=5.0, ray=True, planned=8, trained=8)


def test_an_estimate_is_told_against_what_happened() -> None:
    assert Score(1, ESTIMATE, OUTCOME).text == "estimated 3.1 min on 2 slots, took 3.4 min: 9 % under"
    over = Score(1, ESTIMATE, Outcome("here", 93.0, None, False, 8, 8))
    assert over.text == "estimated 3.1 min on 2 slots, took 1.6 min: 100 % over"
    assert over.error == pytest.approx(1.0)


def test_what_did_other_work_than_was_estimated_is_not_scored() -> None:
    stopped = Score(1, ESTIMATE, Outcome("here", 50.0, 5.0, True, planned=8, trained=3))
    assert stopped.error is None
    assert stopped.text == "estimated 3.1 min on 2 slots; ended after 50 s with 3 of 8 runs trained: not scored"
    assert Score(1, ESTIMATE, None).text == "estimated 3.1 min on 2 slots"
    assert Score(1, replace(ESTIMATE, slots=1), None).text == "estimated 3.1 min on 1 slot"


def test_what_is_written_is_read_back_in_the_order_of_launches(paths: SweepPaths) -> None:
    assert last_score(paths) is None
    write_estimate(paths, 12, ESTIMATE)
    write_estimate(paths, 3, ESTIMATE)
    write_outcome(paths, 3, OUTCOME)
    assert read_scores(paths) == (Score(3, ESTIMATE, OUTCOME), Score(12, ESTIMATE, None))


def test_a_torn_estimate_costs_nothing_but_itself(paths: SweepPaths) -> None:
    write_estimate(paths, 1, ESTIMATE)
    write_outcome(paths, 1, OUTCOME).write_text("{")
    write_estimate(paths, 2, ESTIMATE).write_text("[]")
    assert read_scores(paths) == (Score(1, ESTIMATE, None),)
