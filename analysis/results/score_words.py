"""The names of the score rules, for the command line. It loads nothing heavy, because help must be quick."""

from __future__ import annotations

from enum import StrEnum


class ScoreWord(StrEnum):
    """Name of a score rule."""

    FINAL = "final"
    BEST = "best"
    LAST3 = "last3"
    AREA = "area"
    STEPS = "steps"
