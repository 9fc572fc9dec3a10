"""Figure 7: best performance according to design choices (paper 5.2).

Per task a grid of small bar panels, rows BRAC and AWR, columns TD, SARSA and IQL, four bars each; the panels on top average
over extraction, those on the right over value learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.captions import figure7_note, standing_sentence
from analysis.drawing import (
    BEST,
    CLONING,
    DECOMPOSITION_NAMES,
    EXTRACTION_NAMES,
    FAINT,
    INK,
    OTHER,
    RUNNER_UP,
    VALUE_LEARNING_NAMES,
    new_figure,
    style,
    wrapped,
)
from analysis.material import Drawing, Material, Numbers
from analysis.panels import Bar, Panel, TaskPanels
from analysis.rehearsal import NO_CLAIM
from analysis.scores import DECOMPOSITIONS, EXTRACTIONS, VALUE_LEARNERS
from analysis.table import bars_frame, configurations_frame
from search_spaces.vocabulary import Extraction, ValueLearning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

PANEL_INCHES = (1.25, 1.05)
MARGIN_INCHES = (0.45, 0.45)
NOTE_POINTS = 6.8
LINE_INCHES = NOTE_POINTS * 1.35 / 72.0


def draw(material: Material) -> tuple[Drawing, ...]:
    """Figure 7 of all tasks; any run at all is enough for it."""
    blocks, coverage = material.blocks, material.coverage
    says = NO_CLAIM if coverage.rehearsal else standing_sentence(blocks)
    figure = draw_figure7(blocks, figure7_note(blocks, coverage, material.rule))
    return (Drawing("figure7", figure, f"Best normalised return of every design. {says}", _numbers(blocks)),)


def _numbers(blocks: Sequence[TaskPanels]) -> tuple[Numbers, ...]:
    """Every number of the figure, and every configuration that the best was chosen from."""
    return Numbers("figure7", bars_frame(blocks)), Numbers("figure7_configurations", configurations_frame(blocks))


def draw_figure7(blocks: Sequence[TaskPanels], note: Sequence[str]) -> Figure:
    """Draw one block per task, two blocks a row, and `note` (sentences) underneath."""
    columns = 1 if len(blocks) == 1 else 2
    rows = math.ceil(len(blocks) / columns)
    layouts = [_layout(block) for block in blocks]
    across = max(len(layout[1]) for layout in layouts) * PANEL_INCHES[0] + MARGIN_INCHES[0]
    down = max(len(layout[0]) for layout in layouts) * PANEL_INCHES[1] + MARGIN_INCHES[1]
    width = max(across * columns, 5.0) + 0.1
    lines = wrapped(note, width - 0.25, NOTE_POINTS)
    foot = LINE_INCHES * len(lines) + 0.38
    height = down * rows + foot
    with style():
        figure = new_figure(width, height, foot, gap=0.03)
        places = figure.subfigures(rows, columns, squeeze=False)
        for block, place in zip(blocks, places.flat, strict=False):
            _draw_block(place, block)
        _draw_foot(figure, lines, blocks, foot / height)
    return figure


def _draw_block(place: SubFigure, block: TaskPanels) -> None:
    from matplotlib.ticker import MaxNLocator

    place.suptitle(block.scores.title, fontsize=9.5, fontweight="bold")
    place.supylabel("normalised return", fontsize=7)
    rows, columns = _layout(block)
    heights = [0.8 if row is None else 1.0 for row in rows]
    widths = [0.95 if column is None else 1.0 for column in columns]
    axes = place.subplots(
        len(rows), len(columns), sharex=True, sharey=True, squeeze=False, height_ratios=heights, width_ratios=widths
    )
    for cell in axes.flat:
        cell.set_visible(False)
    low, high = _limits(block)
    for panel in block.panels:
        row, column = rows.index(panel.extraction), columns.index(panel.value_learning)
        cell = axes[row, column]
        cell.set_visible(True)
        _draw_panel(cell, panel)
        if math.isfinite(block.cloning):
            cell.axhline(block.cloning, color=CLONING, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3)
        cell.set_ylim(low, high)
        cell.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=(1, 2, 2.5, 5, 10)))
        cell.tick_params(labelleft=column == 0, labelbottom=row == len(rows) - 1, labelsize=6.5)
        if row == 0 and panel.value_learning is not None:
            cell.set_title(VALUE_LEARNING_NAMES[panel.value_learning], fontsize=8, pad=4)
        if column == 0:
            cell.set_ylabel("mean" if panel.extraction is None else EXTRACTION_NAMES[panel.extraction], fontsize=8)
    if rows[0] is None and columns[-1] is None:
        _draw_corner(axes[0, -1])


def _layout(block: TaskPanels) -> tuple[list[Extraction | None], list[ValueLearning | None]]:
    """Rows and columns that a task has: None on top and None on the right for the panels that average."""
    extractions = {panel.extraction for panel in block.panels}
    value_learners = {panel.value_learning for panel in block.panels}
    rows = [name for name in (None, *EXTRACTIONS) if name in extractions]
    return rows, [name for name in (*VALUE_LEARNERS, None) if name in value_learners]


def _draw_corner(corner: Axes) -> None:
    """Say in the empty corner what the shaded panels on the left of it and below it are."""
    corner.set_visible(True)
    corner.axis("off")
    said: dict[str, Any] = {"transform": corner.transAxes, "fontsize": 6.5, "color": FAINT, "linespacing": 1.15}
    corner.text(0.02, 0.88, "\u2190 mean over\n     extraction", va="top", ha="left", **said)
    corner.text(0.5, 0.02, "mean over\nvalue learning\n\u2193", va="bottom", ha="center", **said)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    marginal = panel.value_learning is None or panel.extraction is None
    axes.set_facecolor("#f6f4f1" if marginal else "white")
    axes.set_xlim(-0.6, len(DECOMPOSITIONS) - 0.4)
    axes.set_xticks(range(len(DECOMPOSITIONS)), [DECOMPOSITION_NAMES[name] for name in DECOMPOSITIONS])
    axes.grid(axis="y", linewidth=0.35, color="#dddddd")
    axes.set_axisbelow(True)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    for bar in panel.bars:
        if math.isfinite(bar.value):
            _draw_bar(axes, DECOMPOSITIONS.index(bar.decomposition), bar)


def _draw_bar(axes: Axes, x: int, bar: Bar) -> None:
    colour = {1: BEST, 2: RUNNER_UP}.get(bar.rank, OTHER)
    axes.bar(
        x,
        bar.value,
        width=0.72,
        color=colour,
        edgecolor="white" if bar.missing else "none",
        linewidth=0.0,
        hatch="////" if bar.missing else None,
    )
    top = max(bar.value, 0.0)
    if bar.interval is not None:
        reach = ([bar.value - bar.interval.low], [bar.interval.high - bar.value])
        axes.errorbar(x, bar.value, yerr=reach, color=INK, elinewidth=0.8, capsize=1.8, capthick=0.8)
        top = max(top, bar.interval.high)
    elif len(bar.seed_scores) > 1:
        offsets = [0.16 * (2 * i / (len(bar.seed_scores) - 1) - 1) for i in range(len(bar.seed_scores))]
        axes.plot(
            [x + offset for offset in offsets],
            bar.seed_scores,
            "o",
            markersize=2.2,
            markerfacecolor="white",
            markeredgecolor=INK,
            markeredgewidth=0.6,
        )
        top = max(top, *bar.seed_scores)
    if math.isfinite(bar.corrected):
        axes.plot([x - 0.36, x + 0.36], [bar.corrected] * 2, color=INK, linewidth=0.8, linestyle=(0, (1.2, 1.0)))
    if bar.diverged:
        axes.annotate(
            f"{bar.diverged}",
            (x, top),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=5.5,
            color="#a01010",
        )


def _limits(block: TaskPanels) -> tuple[float, float]:
    """One scale for a task's panels, with room for the numbers above the bars."""
    values = [0.0, block.cloning]
    for panel in block.panels:
        for bar in panel.bars:
            values += [bar.value, bar.corrected, *(bar.interval or ()), *(bar.seed_scores if bar.interval is None else ())]
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return (low - 0.06 * span if low < 0.0 else 0.0), high + 0.16 * span


def _draw_foot(figure: Figure, lines: Sequence[str], blocks: Sequence[TaskPanels], foot: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [bar for block in blocks for panel in block.panels for bar in panel.bars]
    ranked = any(bar.rank for bar in bars)
    handles: list[Patch | Line2D] = (
        [Patch(facecolor=BEST, label="best"), Patch(facecolor=RUNNER_UP, label="runner-up")] if ranked else []
    )
    handles.append(Patch(facecolor=OTHER, label="other" if ranked else "not ranked"))
    if any(math.isfinite(block.cloning) for block in blocks):
        handles.append(Line2D([], [], color=CLONING, linewidth=0.9, linestyle=(0, (4, 2)), label="behaviour cloning"))
    if any(bar.missing for bar in bars):
        handles.append(Patch(facecolor=OTHER, edgecolor="white", hatch="////", label="some runs missing"))
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, foot),
        ncols=len(handles),
        frameon=False,
        fontsize=7,
        handlelength=1.2,
        handleheight=0.9,
        columnspacing=1.5,
    )
    height = figure.get_size_inches()[1]
    figure.text(0.012, foot - 0.3 / height, "\n".join(lines), fontsize=NOTE_POINTS, va="top", ha="left", linespacing=1.3)
