from __future__ import annotations

import numpy as np
import pytest

from recipe_sweep.sweep.estimates.eta import FEWEST_PACES, Eta, Seen, _student, estimate, shows_pace


def test_packs_that_are_all_alike_leave_no_doubt() -> None:
    seen = [Seen(work=100.0, seconds=50.0)] * FEWEST_PACES
    assert estimate(seen, left=400.0, side_by_side=2) == Eta(100.0, 100.0, 100.0)


def test_with_few_packs_there_is_an_estimate_and_no_interval() -> None:
    assert estimate([Seen(100.0, 50.0)] * (FEWEST_PACES - 1), 400.0, 1) == Eta(200.0)
    assert estimate([], 400.0, 1) is None
    assert estimate([Seen(0.0, 9.0)], 400.0, 1) is None, "a pack that has not taken a step tells nothing"


def test_it_takes_at_least_as_long_as_the_slowest_running_pack() -> None:
    seen = [Seen(100.0, 50.0)] * FEWEST_PACES
    assert estimate(seen, 100.0, 2, longest=45.0) == Eta(45.0, 45.0, 45.0)


def test_the_interval_holds_the_truth_nine_times_in_ten() -> None:
    """Packs of equal work whose paces scatter by a third around their mean: what is promised, under what is assumed."""
    random = np.random.default_rng(0)
    held, trials, seen_packs, to_come = 0, 2000, 6, 10
    for _ in range(trials):
        paces = random.normal(3.0, 1.0, seen_packs + to_come).clip(0.1)
        eta = estimate([Seen(1.0, pace) for pace in paces[:seen_packs]], float(to_come), 1)
        assert eta is not None
        assert eta.low is not None
        assert eta.high is not None
        held += eta.low <= paces[seen_packs:].sum() <= eta.high
    assert 0.87 < held / trials < 0.93


@pytest.mark.parametrize(("freedom", "quantile"), [(3, 2.353), (5, 2.015), (10, 1.812), (30, 1.697)])
def test_students_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert _student(freedom) == pytest.approx(quantile, rel=0.02)


@pytest.mark.parametrize(
    ("made", "seconds", "shown"),
    [
        (0, 600.0, False),
        (1, 5.0, False),
        (99, 60.0, False),
        (100, 6.0, True),
        (9, 600.0, False),
        (10, 119.0, False),
        (10, 120.0, True),
    ],
)
def test_the_slow_first_steps_of_a_pack_promise_no_time_to_go(made: int, seconds: float, shown: bool) -> None:
    assert shows_pace(made, 1000, seconds) is shown


def test_a_pack_that_is_resumed_at_its_end_shows_no_pace_and_divides_by_nothing() -> None:
    assert not shows_pace(0, 0, 1.0)
