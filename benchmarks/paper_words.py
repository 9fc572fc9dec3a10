"""The words of the paper's design space, which tables of speed have always been about."""

from __future__ import annotations

from typing import TypeVar

from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning

W = TypeVar("W", Extraction, ValueLearning)


def of_paper(axis: type[W]) -> tuple[W, ...]:
    """List the members of an axis that the paper compares."""
    return tuple(word for word in axis.members() if word.in_paper)
