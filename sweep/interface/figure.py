"""Draws one figure of the paper for Python, without pyplot, so that a notebook shows it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from recipe_sweep.analysis.errors import MissingFigureError
from recipe_sweep.analysis.figures.registry import absent_sentence, figure_kinds
from recipe_sweep.analysis.figures.style import stamp, style
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.results.samples import Lacking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recipe_sweep.analysis.figures.inputs import Material

DPI = 110


def drawn(material: Material, number: int) -> Figure:
    """Draw the figure of this number. Raises UnknownFigureError, and MissingFigureError if the sweep lacks its data."""
    [kind] = figure_kinds([number])
    drawings = kind.draw(material)
    if isinstance(drawings, Lacking):
        raise MissingFigureError(Problem(f"figure {number}", found=absent_sentence(kind, drawings)))
    figure = drawings[0].figure
    if material.results.rehearsal:
        with style():
            stamp(figure)
    # Notebooks show a figure by this method if pyplot has not told them how.
    figure._repr_png_ = lambda: _png(figure)  # type: ignore[attr-defined]
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()
