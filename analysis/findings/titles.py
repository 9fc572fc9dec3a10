"""A design as three choices, with its place in arrays and its names."""

from __future__ import annotations

from typing import NamedTuple

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning


class Design(NamedTuple):
    """One decomposition, value learner and extraction."""

    decomposition: Decomposition
    value_learning: ValueLearning
    extraction: Extraction

    @classmethod
    def at(cls, x: int, v: int, e: int) -> Design:
        """Return the design at the place (x, v, e) in the arrays of `scores`."""
        return cls(Decomposition.members()[x], ValueLearning.members()[v], Extraction.members()[e])

    @property
    def place(self) -> tuple[int, int, int]:
        """The design's place in arrays: (x, v, e)."""
        return (
            Decomposition.place(self.decomposition),
            ValueLearning.place(self.value_learning),
            Extraction.place(self.extraction),
        )

    @property
    def names(self) -> tuple[str, str, str]:
        """Names of the three choices in figures, tables and sentences."""
        return self.decomposition.display_name, self.value_learning.display_name, self.extraction.display_name
