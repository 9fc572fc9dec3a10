"""Points that differ in their dataset alone."""

from __future__ import annotations

from typing import Any

from recipe_sweep.search_spaces.point import DesignPoint
from tests.builders import design_point


def spread_point(**changes: Any) -> DesignPoint:
    """A point on 100 transitions of home-made expert data for simple_spread, with some fields changed."""
    return design_point(**changes)


def two_step_point(**changes: Any) -> DesignPoint:
    """A point on 48 transitions of the two-step game, with some fields changed."""
    return design_point(task="two_step", dataset="uniform", dataset_size=48, **changes)
