"""Draws the legend and the footnote of Figure 7, in as many lines as its width needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.figures.captions import ALPHA
from recipe_sweep.analysis.figures.figure7_bars import COLOURS, LEVEL, Look
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.reference_marks import draw_legend, legend_inches
from recipe_sweep.analysis.figures.style import CLONING, INK, OTHER, wrapped
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.panels import TaskPanels

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

NOTE_POINTS, LEGEND_POINTS = 6.8, 7.0
LINE_INCHES = NOTE_POINTS * 1.35 / 72.0
LEGEND_INCHES = 0.16
"""Height of one row of the legend."""
_HANDLE_INCHES = 0.36
"""Width of a sign in the legend with the space around it."""


class Foot(NamedTuple):
    """Legend and footnote, before they are drawn."""

    handles: Sequence[Patch | Line2D]
    rows: int
    """rows of the legend"""
    lines: Sequence[str]
    blocks: Sequence[TaskPanels]

    @property
    def inches(self) -> float:
        """Height of both."""
        return LINE_INCHES * len(self.lines) + LEGEND_INCHES * (self.rows - 1) + legend_inches(self.blocks) + 0.4


def foot_of(blocks: Sequence[TaskPanels], note: Sequence[str], look: Look, width: float) -> Foot:
    """Lay out a legend and a note below a figure of this width in inches."""
    handles = _handles(blocks, look)
    letters = sum(len(str(handle.get_label())) for handle in handles)
    needed = letters * LEGEND_POINTS * 0.53 / 72.0 + _HANDLE_INCHES * len(handles)
    return Foot(handles, math.ceil(needed / width), wrapped(note, width - 0.25, NOTE_POINTS), blocks)


def draw_foot(figure: Figure, foot: Foot) -> None:
    """Draw a legend and a note below a figure's panels."""
    height = figure.get_size_inches()[1]
    top = foot.inches / height
    figure.legend(
        handles=list(foot.handles),
        loc="upper center",
        bbox_to_anchor=(0.5, top),
        ncols=math.ceil(len(foot.handles) / foot.rows),
        frameon=False,
        fontsize=LEGEND_POINTS,
        handlelength=1.2,
        handleheight=0.9,
        columnspacing=1.5,
    )
    below = top - LEGEND_INCHES * foot.rows / height
    draw_legend(figure, foot.blocks, below)
    below -= (0.3 - LEGEND_INCHES + legend_inches(foot.blocks)) / height
    figure.text(0.012, below, "\n".join(foot.lines), fontsize=NOTE_POINTS, va="top", ha="left", linespacing=1.3)


def _handles(blocks: Sequence[TaskPanels], look: Look) -> list[Patch | Line2D]:
    """List the signs that the figure uses."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [bar for block in blocks for panel in block.panels for bar in panel.bars]
    shown = {bar.mark for bar in bars}
    handles: list[Patch | Line2D] = [Patch(facecolor=COLOURS[mark], label=mark.value) for mark in Mark if mark in shown]
    if look.intervals is Intervals.PAIRED and any(bar.difference for bar in bars):
        handles.append(Line2D([], [], color=LEVEL, linewidth=0.8, label="level of the best"))
        handles.append(Line2D([], [], color=INK, linestyle="", marker="|", markersize=7, label="difference to it, 95 %"))
    if look.alphas.several and any(bar.seeds >= FEWEST_SEEDS for bar in bars):
        handles.append(Line2D([], [], color=INK, linestyle="", marker="o", markersize=1.7, label=f"one {ALPHA} everywhere"))
    if any(math.isfinite(block.cloning) for block in blocks):
        handles.append(Line2D([], [], color=CLONING, linewidth=0.9, linestyle=(0, (4, 2)), label="behaviour cloning"))
    if any(bar.missing for bar in bars):
        handles.append(Patch(facecolor=OTHER, edgecolor="white", hatch="////", label="some runs missing"))
    return handles
