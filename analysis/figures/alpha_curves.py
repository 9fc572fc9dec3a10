"""Score against alpha: how much the best score of a bar depends on the choice of alpha.

One row per task and extraction, one column per dataset, one line per decomposition. A line is the mean over value learners,
tau and seeds, with the range of the seeds' means around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.analysis.figures.canvas import GRID, Brush, Dot, Frame, Pen, Sheet, round_ticks
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.style import style, wrapped
from recipe_sweep.analysis.findings.sensitivity import AlphaPoint, alpha_curves
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction
from recipe_sweep.sweep.results.samples import Lacking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CELL_INCHES, GAP_INCHES = (1.6, 1.03), (0.15, 0.47)
LEFT_INCHES, NOTE_POINTS = 0.72, 6.5
NOTE = (
    "Mean over value learners, \N{GREEK SMALL LETTER TAU} and seeds; shaded: lowest to highest seed. "
    "\N{GREEK SMALL LETTER ALPHA} is the weight of cloning under BRAC (large: nearly behaviour cloning) and the inverse "
    "temperature under AWR (small: nearly behaviour cloning)."
)


Row = tuple[TaskScores, Extraction, Sequence[AlphaPoint]]


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw the curves of all tasks, if the sweep varies alpha."""
    tasks = [block.scores for block in material.blocks]
    figure = draw_alpha_figure(tasks)
    if figure is None:
        return Lacking("no extraction has two values of \N{GREEK SMALL LETTER ALPHA}")
    numbers = (Numbers("figure7_alpha", alpha_frame(tasks)),)
    return (Drawing("figure7_alpha", figure, "Mean score against the temperature, by task and dataset.", numbers),)


def alpha_frame(tasks: Sequence[TaskScores]) -> pd.DataFrame:
    """Tabulate every number of the figure: one row per point of a curve."""
    import pandas as pd

    rows = [{"task": task.task, **point._asdict()} for task in tasks for point in alpha_curves(task, by_decomposition=True)]
    return pd.DataFrame(rows)


def draw_alpha_figure(tasks: Sequence[TaskScores]) -> Figure | None:
    """Draw the curves of all tasks. None if no extraction has two values of alpha."""
    rows: list[Row] = []
    for task in tasks:
        points = alpha_curves(task, by_decomposition=True)
        for extraction in Extraction.members():
            chosen = [point for point in points if point.extraction is extraction]
            if len({point.alpha for point in chosen}) > 1:
                rows.append((task, extraction, chosen))
    if not rows:
        return None
    return _draw(rows, columns=max(len(task.datasets) for task, _, _ in rows))


def _draw(rows: Sequence[Row], columns: int) -> Figure:
    across, down = (CELL_INCHES[i] + GAP_INCHES[i] for i in (0, 1))
    width = max(LEFT_INCHES + across * columns, 4.0)
    lines = wrapped([NOTE], width - 0.2, NOTE_POINTS)
    foot = 0.42 + 0.125 * len(lines)
    height = down * len(rows) + foot
    with style():
        sheet = Sheet(width, height)
        for i, row in enumerate(rows):
            _draw_row(sheet, row, height - i * down - GAP_INCHES[1] + 0.18)
        figure = sheet.finish()
        drawn = {point.decomposition for _, _, points in rows for point in points if point.runs}
        _draw_foot(figure, [name for name in Decomposition.members() if name in drawn], foot / height)
        figure.text(0.012, 0.06 / height, "\n".join(lines), fontsize=NOTE_POINTS, va="bottom", linespacing=1.3)
    return figure


def _draw_row(sheet: Sheet, row: Row, top: float) -> None:
    """Draw the panels of one task and extraction, which share their scale."""
    task, extraction, points = row
    limits = _limits(points)
    ticks = round_ticks(*limits, 4)
    for i, dataset in enumerate(task.datasets):
        chosen = [point for point in points if point.dataset == dataset]
        # Evenly spaced, because grids of alpha are nearly logarithmic. A tick at every value shows the grid.
        grid = sorted({point.alpha for point in chosen})
        left, bottom = LEFT_INCHES + i * (CELL_INCHES[0] + GAP_INCHES[0]), top - CELL_INCHES[1]
        frame = Frame(left, bottom, *CELL_INCHES, (-0.3, max(len(grid), 1) - 0.7), limits)
        sheet.frame(frame, "white", ticks, i == 0, [(at, short(alpha)) for at, alpha in enumerate(grid)])
        sheet.text(left + CELL_INCHES[0] / 2, top + 0.1, dataset, 7.5)
        for at in range(len(grid)):
            sheet.line(Pen(GRID, 0.35, order=1.0), [frame.at(at, limits[0]), frame.at(at, limits[1])])
        _draw_panel(sheet, frame, grid, chosen)
    middle = top - CELL_INCHES[1] / 2
    sheet.text(0.22, middle, f"{task.task}\n{extraction.display_name}", 7.5, rotation=90, linespacing=1.2)


def _limits(points: Sequence[AlphaPoint]) -> tuple[float, float]:
    """Compute a range around everything that is drawn, with a margin."""
    values = [value for point in points for value in (point.score, point.low, point.high) if math.isfinite(value)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = 0.05 * (high - low) or 0.05
    return low - air, high + air


def _draw_panel(sheet: Sheet, frame: Frame, grid: Sequence[float], points: Sequence[AlphaPoint]) -> None:
    for decomposition in Decomposition.members():
        line = [point for point in points if point.decomposition is decomposition and point.runs]
        if not line:
            continue
        at = [grid.index(point.alpha) for point in line]
        scores, lows, highs = zip(*((point.score, point.low, point.high) for point in line), strict=True)
        colour, places = decomposition.colour, [frame.at(*place) for place in zip(at, scores, strict=True)]
        sheet.line(Pen(colour, 1.1, order=4.0), places)
        sheet.dots(Dot(colour, colour, 2.5), places)
        outline = [*zip(at, lows, strict=True), *reversed(list(zip(at, highs, strict=True)))]
        sheet.area(Brush(colour, alpha=0.1), [frame.at(*corner) for corner in outline])


def _draw_foot(figure: Figure, decompositions: Sequence[Decomposition], foot: float) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", markersize=2.5, linewidth=1.1, color=name.colour, label=name.display_name)
        for name in decompositions
    ]
    figure.legend(handles=handles, ncols=4, frameon=False, loc="upper center", bbox_to_anchor=(0.5, foot), fontsize=7)
