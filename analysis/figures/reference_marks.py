"""Marks of the reference policies at the right edge of Figure 7's rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recipe_sweep.analysis.figures.canvas import Dot, Frame, Sheet
from recipe_sweep.analysis.figures.style import CLONING, INK
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.references import drawn_values
from recipe_sweep.analysis.results.references import NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEGEND_INCHES = 0.15

DOTS = (Dot("white", INK, 2.6), Dot(INK, INK, 2.6), Dot("#3f8f4f", "#3f8f4f", 2.6), Dot("white", CLONING, 2.6))
"""Looks of the policies, in the order of `NAMES`"""
STEP_INCHES = 0.035
"""Marks stand side by side, because two policies may have the same score."""


def draw_marks(sheet: Sheet, frame: Frame, block: TaskPanels) -> None:
    """Draw the marks right of a panel, at the height of their scores in it."""
    for place, (dot, value) in enumerate(zip(DOTS, drawn_values(block), strict=True)):
        if math.isfinite(value):
            sheet.dots(dot, [(frame.right + (place + 0.7) * STEP_INCHES, frame.at(0.0, value)[1])])


def legend_inches(blocks: Sequence[TaskPanels]) -> float:
    """Return the height of the legend of the marks; 0 without marks."""
    return LEGEND_INCHES if any(_drawn(blocks)) else 0.0


def draw_legend(figure: Figure, blocks: Sequence[TaskPanels], top: float) -> None:
    """Draw a line of the legend with each policy that has a mark, below `top` (share of the figure's height)."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 3.0}
    handles = [
        Line2D([], [], **look, markerfacecolor=dot.face, markeredgecolor=dot.edge, label=name)
        for dot, name, shown in zip(DOTS, NAMES, _drawn(blocks), strict=True)
        if shown
    ]
    if handles:
        place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, top), "ncols": len(handles)}
        figure.legend(handles=handles, **place, frameon=False, fontsize=7, handlelength=0.8, columnspacing=1.5)


def _drawn(blocks: Sequence[TaskPanels]) -> list[bool]:
    """Say of each policy whether any task has its mark."""
    return [any(map(math.isfinite, values)) for values in zip(*map(drawn_values, blocks), strict=True)]
