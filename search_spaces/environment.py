"""Reads numbers from environment variables."""

from __future__ import annotations

import os

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.yaml_file import shown


def number_from_environment(variable: str, default: float, low: float, high: float) -> float:
    """Read a variable's number from `low` to `high`, or return the default if it is not set.

    Raises UserInputError.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:  # nan is in no range
        raise UserInputError(Problem(f"${variable}", found=shown(text), expected=f"a number from {low:g} to {high:g}"))
    return number
