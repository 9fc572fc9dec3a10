"""The mark on everything made from a rehearsal: its numbers are made up, and nobody must mistake them for results."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

WORD = "REHEARSAL"
SENTENCE = "REHEARSAL: every number is made up, nothing was trained."
NO_CLAIM = "A rehearsal: made-up numbers, which say nothing about any design."
METADATA = {b"rehearsal": SENTENCE.encode()}
"""Metadata for the schema of a Parquet file."""


def stamped(frame: pd.DataFrame) -> pd.DataFrame:
    """Insert a first column that says in every row that the numbers are made up."""
    frame.insert(0, WORD, "made up")
    return frame
