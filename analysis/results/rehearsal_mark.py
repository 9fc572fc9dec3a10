"""The mark that everything made from a rehearsal bears: its numbers are made up, and nobody must take them for results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WORD = "REHEARSAL"
SENTENCE = "REHEARSAL: every number is made up, nothing was trained."
NO_CLAIM = "A rehearsal: made-up numbers, which say nothing about any design."
METADATA = {b"rehearsal": SENTENCE.encode()}
"""For the schema of a Parquet file."""


def stamp(figure: Figure) -> None:
    """Write the word across a figure, over everything and light enough to read through. Call inside `style()`."""
    width, height = figure.get_size_inches()
    points = 72.0 * math.hypot(width, height) / (0.9 * len(WORD))  # a character of the bold face is about 0.8 em wide
    text = figure.text(
        0.5,
        0.5,
        WORD,
        fontsize=points,
        fontweight="bold",
        color="#b00000",
        alpha=0.14,
        rotation=math.degrees(math.atan2(height, width)),
        ha="center",
        va="center",
        zorder=1000,
        in_layout=False,
    )
    text.set_gid(WORD)  # so that an SVG, which holds its letters as outlines, says it in words as well


def stamped(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with a first column that says in every row what it is."""
    frame.insert(0, WORD, "made up")
    return frame
