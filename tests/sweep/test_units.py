"""Durations, moments, sizes and shares as users read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from recipe_sweep.sweep.units import (
    device_time,
    duration,
    gigabytes,
    in_minutes,
    megabytes,
    memory,
    moment,
    percent,
    slots,
    span,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "under 0.01 s"),
        (0.04, "0.04 s"),
        (0.999, "1.00 s"),
        (9.94, "9.9 s"),
        (45.0, "45 s"),
        (90.0, "1.5 min"),
        (5400.0, "1.5 h"),
        (172800.0, "2.0 d"),
    ],
)
def test_seconds_are_told_to_two_or_three_figures(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45.4, "45 s"), (90.0, "2 min"), (5340.0, "89 min"), (12000.0, "3 h 20 min"), (187200.0, "2 d 4 h")],
)
def test_a_duration_has_the_two_units_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_moment_seen_from_two_machines_is_the_same_text() -> None:
    there = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 1, 31, 12, 0, 30, tzinfo=there)) == "2026-01-31 10:00 UTC"
    assert moment(datetime(2026, 1, 31, 10, 0, tzinfo=UTC)) == "2026-01-31 10:00 UTC"


def test_sizes_shares_and_slots_have_their_unit_after_a_space() -> None:
    assert (megabytes(1.2345e9), gigabytes(1.25e9), percent(0.094)) == ("1,234 MB", "1.2 GB", "9 %")
    assert (in_minutes(5400.0), slots(1), slots(8)) == ("90 min", "1 slot", "8 slots")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "under 1 MB"), (1e6, "1 MB"), (12.3e6, "12 MB"), (9.99e8, "999 MB"), (1e9, "1.0 GB"), (2.5e10, "25.0 GB")],
)
def test_memory_is_never_no_gigabytes(size: float, text: str) -> None:
    assert memory(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.0, "1 CPU-s"), (89.0, "89 CPU-s"), (780.0, "13 CPU-min"), (3600.0, "1.0 CPU-h"), (9e6, "2,500.0 CPU-h")],
)
def test_the_cost_of_seconds_and_of_weeks_can_both_be_read(seconds: float, text: str) -> None:
    assert device_time(seconds, "CPU") == text
