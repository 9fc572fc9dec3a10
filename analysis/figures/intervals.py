"""The two layouts of Figure 7, as words that a user types."""

from __future__ import annotations

from enum import StrEnum


class Intervals(StrEnum):
    """Which intervals Figure 7 draws."""

    PAIRED = "paired"
    """of each bar's difference to the best of its panel, seed by seed"""
    SINGLE = "single"
    """of each bar alone, as the paper draws them"""
