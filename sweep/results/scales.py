"""The present reference returns, by which readers of old results can score their returns."""

from __future__ import annotations

from typing import NamedTuple

from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES


class Scale(NamedTuple):
    """The returns that score 0 and 1."""

    minimum: float
    maximum: float


def present_scale(source: str, task: str) -> Scale | None:
    """Look up the present reference returns of a task's data. None for data that a plugin registers."""
    known = RETURN_SCALES.get((Source(source), task))
    return None if known is None else Scale(known.minimum, known.maximum)
