"""Formats numbers for readers. Files for programs have every digit."""

from __future__ import annotations

import math

NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""


def short(value: float | None) -> str:
    """Format a number with three significant digits and no exponent: 0.667, 0.03, 1500. Return a dash if there is none."""
    if value is None:
        return NOTHING
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if abs(rounded) >= 1000.0 else f"{rounded:g}"


def score(value: float | None) -> str:
    """Format a score with two decimals. Return a dash if there is none."""
    # The addition turns a rounded -0.0 into 0.0.
    return NOTHING if value is None or not math.isfinite(value) else f"{round(value, 2) + 0.0:.2f}"


def signed(value: float | None) -> str:
    """Format a difference with its sign and three decimals. Return a dash if there is none."""
    return NOTHING if value is None or not math.isfinite(value) else f"{round(value, 3) + 0.0:+.3f}"


def measured(number: tuple[float, float, float]) -> str:
    """Format a score with its interval, if there is one."""
    value, low, high = number
    return f"{score(value)} [{score(low)}, {score(high)}]" if math.isfinite(low) else score(value)


def with_interval(value: float, low: float | None, high: float | None, digits: int = 2) -> str:
    """Format a finite value with its interval, as in `0.52 [0.40, 0.61]`. Omit the interval if an end is None."""
    interval = "" if low is None or high is None else f" [{low:.{digits}f}, {high:.{digits}f}]"
    return f"{value:.{digits}f}{interval}"
