"""Score against alpha, beside every best-of-alpha: how much of a bar is the choice of its weight.

One row per task and extraction, one column per dataset, one line per decomposition: the mean over value learners, tau and
seeds, with the range of the seeds' means around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.drawing import BEST, DECOMPOSITION_NAMES, EXTRACTION_NAMES, FAINT, INK, new_figure, style, wrapped
from analysis.material import Drawing, Lacking, Material, Numbers
from analysis.scores import DECOMPOSITIONS, EXTRACTIONS, TaskScores
from analysis.sensitivity import AlphaPoint, alpha_curves
from search_spaces.vocabulary import Decomposition, Extraction

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {Decomposition.CEN: "#2f6db3", Decomposition.MIX: BEST, Decomposition.VDN: INK, Decomposition.DEC: FAINT}
NOTE = (
    "Mean over value learners, \N{GREEK SMALL LETTER TAU} and seeds; shaded: lowest to highest seed. "
    "\N{GREEK SMALL LETTER ALPHA} is the weight of cloning under BRAC (large: nearly behaviour cloning) and the inverse "
    "temperature under AWR (small: nearly behaviour cloning)."
)


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """The curves of all tasks, where the sweep varies alpha."""
    tasks = [block.scores for block in material.blocks]
    figure = draw_alpha_figure(tasks)
    if figure is None:
        return Lacking("no extraction has two values of \N{GREEK SMALL LETTER ALPHA}")
    numbers = (Numbers("figure7_alpha", alpha_frame(tasks)),)
    return (Drawing("figure7_alpha", figure, "Mean score against the temperature, by task and dataset.", numbers),)


def alpha_frame(tasks: Sequence[TaskScores]) -> pd.DataFrame:
    """Every number of the figure: one row per point of a curve."""
    import pandas as pd

    rows = [{"task": task.task, **point._asdict()} for task in tasks for point in alpha_curves(task, by_decomposition=True)]
    return pd.DataFrame(rows)


def draw_alpha_figure(tasks: Sequence[TaskScores]) -> Figure | None:
    """Draw the curves of all tasks; None where no extraction has two values of alpha."""
    rows = []
    for task in tasks:
        points = alpha_curves(task, by_decomposition=True)
        for extraction in EXTRACTIONS:
            chosen = [point for point in points if point.extraction is extraction]
            if len({point.alpha for point in chosen}) > 1:
                rows.append((task, extraction, chosen))
    if not rows:
        return None
    return _draw(rows, columns=max(len(task.datasets) for task, _, _ in rows))


def _draw(rows: Sequence[tuple[TaskScores, Extraction, Sequence[AlphaPoint]]], columns: int) -> Figure:
    width = 0.9 + 1.75 * columns
    lines = wrapped([NOTE], width - 0.2, 6.5)
    foot = 0.42 + 0.125 * len(lines)
    height = 1.45 * len(rows) + foot
    with style():
        figure = new_figure(width, height, foot, gap=0.04)
        axes = figure.subplots(len(rows), columns, sharey="row", squeeze=False)
        for cells, (task, extraction, points) in zip(axes, rows, strict=True):
            for cell in cells[len(task.datasets) :]:
                cell.set_visible(False)
            for cell, dataset in zip(cells, task.datasets, strict=False):
                _draw_panel(cell, [point for point in points if point.dataset == dataset])
                cell.set_title(f"{task.title}, {dataset}" if columns == 1 else dataset, fontsize=7.5)
            cells[0].set_ylabel(f"{task.task}\n{EXTRACTION_NAMES[extraction]}", fontsize=7.5)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(
            handles, labels, ncols=4, frameon=False, loc="upper center", bbox_to_anchor=(0.5, foot / height), fontsize=7
        )
        figure.text(0.012, 0.06 / height, "\n".join(lines), fontsize=6.5, va="bottom", linespacing=1.3)
    return figure


def _draw_panel(axes: Axes, points: Sequence[AlphaPoint]) -> None:
    # Evenly spaced: grids of alpha are nearly logarithmic, and a tick at every value says what was tried.
    grid = sorted({point.alpha for point in points})
    for decomposition in DECOMPOSITIONS:
        line = [point for point in points if point.decomposition is decomposition and point.runs]
        if not line:
            continue
        at = [grid.index(point.alpha) for point in line]
        colour, scores = COLOURS[decomposition], [point.score for point in line]
        low, high = [point.low for point in line], [point.high for point in line]
        axes.plot(at, scores, "o-", linewidth=1.1, markersize=2.5, color=colour, label=DECOMPOSITION_NAMES[decomposition])
        axes.fill_between(at, low, high, color=colour, alpha=0.1, linewidth=0)
    axes.set_xticks(range(len(grid)), [f"{alpha:g}" for alpha in grid])
    axes.set_xlim(-0.3, len(grid) - 0.7)
    axes.grid(linewidth=0.35, color="#dddddd")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=6.5)
