"""Figure 7: best performance according to design choices (paper 5.2).

Each task has a grid of small panels with four bars each: rows BRAC and AWR, columns TD, SARSA and IQL. The panels on top
average over extraction, those on the right over value learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from recipe_sweep.analysis.figures.canvas import Brush, Dot, Frame, Pen, Point, Sheet, rectangle, round_ticks
from recipe_sweep.analysis.figures.captions import figure7_note, standing_sentence
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.style import BEST, CLONING, FAINT, INK, OTHER, TIED, style, wrapped
from recipe_sweep.analysis.findings.learning import NOT_JUDGED, Learning
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.panel_tables import bars_frame, configurations_frame
from recipe_sweep.analysis.findings.panels import Bar, Panel, TaskPanels
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM
from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL_INCHES = (1.12, 0.92)
LETTERS = 16
"""Letters and spaces below a panel of this width."""
GAP_INCHES = (0.13, 0.15)
MARGIN_INCHES = {"left": 0.74, "right": 0.06, "top": 0.46, "bottom": 0.3}
"""Margins around the panels of a task. They hold the names of task, rows and columns, and the numbers at the axes."""
NOTE_POINTS = 6.8
LINE_INCHES = NOTE_POINTS * 1.35 / 72.0

WHITE, SHADED = "white", "#f6f4f1"
ZERO = Pen(INK, 0.6, order=3.0)
REACH = Pen(INK, 0.8, order=3.5)
CORRECTED = Pen(INK, 0.8, dash=(1.2, 1.0), order=3.4)
CLONED = Pen(CLONING, 0.9, dash=(4.0, 2.0), order=3.2)
SEED = Dot("white", INK, 2.2)
STILL = "\N{NORTH EAST ARROW}"
"""Marks panels that are still learning."""
UNDER = "#c9d8e8"
"""A pale tone of the line of behaviour cloning."""
COLOURS = {Mark.BEST: BEST, Mark.TIED: TIED, Mark.BELOW: UNDER, Mark.BEHIND: OTHER, Mark.UNRANKED: OTHER}
BAR_HALF, CAP_HALF, SEEDS_HALF = 0.36, 0.085, 0.16


def draw(material: Material) -> tuple[Drawing, ...]:
    """Draw Figure 7 of all tasks. A single run is enough."""
    blocks, coverage = material.blocks, material.coverage
    says = NO_CLAIM if coverage.rehearsal else standing_sentence(blocks)
    note = figure7_note(blocks, coverage, material.rule)
    ended = material.learning
    said = (f"{STILL}: still learning. {ended.sentence}",) if ended.caution else ()
    figure = draw_figure7(blocks, (*note[:-2], *said, *note[-2:]), material.rule.axis, ended)
    return (Drawing("figure7", figure, f"Best {material.rule.noun} of every design. {says}", _numbers(blocks)),)


def _numbers(blocks: Sequence[TaskPanels]) -> tuple[Numbers, ...]:
    """Tabulate every number of the figure, and every configuration from which the best was chosen."""
    return Numbers("figure7", bars_frame(blocks)), Numbers("figure7_configurations", configurations_frame(blocks))


def draw_figure7(
    blocks: Sequence[TaskPanels], note: Sequence[str], axis: str = "normalised return", ended: Learning = NOT_JUDGED
) -> Figure:
    """Draw one block per task, two blocks in a row, and the sentences of `note` below."""
    columns = 1 if len(blocks) == 1 else 2
    rows = math.ceil(len(blocks) / columns)
    across, down = (max(sizes) for sizes in zip(*map(_size, blocks), strict=True))
    width = max(across * columns, 5.0) + 0.1
    lines = wrapped(note, width - 0.25, NOTE_POINTS)
    foot = LINE_INCHES * len(lines) + 0.4
    height = down * rows + foot + 0.06
    with style():
        sheet = Sheet(width, height)
        for i, block in enumerate(blocks):
            corner = (i % columns * across, height - 0.06 - i // columns * down)
            _draw_block(sheet, block, corner, axis, ended)
        figure = sheet.finish()
        _draw_foot(figure, lines, blocks, foot / height)
    return figure


def _size(block: TaskPanels) -> tuple[float, float]:
    rows, columns = _layout(block)
    across = (
        len(columns) * (_cell_inches(block) + GAP_INCHES[0]) - GAP_INCHES[0] + MARGIN_INCHES["left"] + MARGIN_INCHES["right"]
    )
    down = sum(map(_row_inches, rows)) + (len(rows) - 1) * GAP_INCHES[1] + MARGIN_INCHES["top"] + MARGIN_INCHES["bottom"]
    return across, down


def _cell_inches(block: TaskPanels) -> float:
    """Return the width of a panel: that of the paper's four names, or more where names would touch."""
    names = [word.display_name for word in block.decompositions]
    letters = max((len(one) + len(other)) / 2 + 1 for one, other in pairwise(names))
    return CELL_INCHES[0] * max(1.0, letters * len(names) / LETTERS)


def _row_inches(row: Extraction | None) -> float:
    return CELL_INCHES[1] * (0.8 if row is None else 1.0)


def _draw_block(sheet: Sheet, block: TaskPanels, corner: Point, axis: str, ended: Learning) -> None:
    """Draw a task's panels, starting at their upper left corner."""
    rows, columns = _layout(block)
    wide = _cell_inches(block)
    lefts = [corner[0] + MARGIN_INCHES["left"] + i * (wide + GAP_INCHES[0]) for i in range(len(columns))]
    tops = [corner[1] - MARGIN_INCHES["top"]]
    for extraction in rows:
        tops.append(tops[-1] - _row_inches(extraction) - GAP_INCHES[1])
    right, bottom = lefts[-1] + wide, tops[-1] + GAP_INCHES[1]
    sheet.text((lefts[0] + right) / 2, corner[1] - 0.11, block.scores.title, 9.5, fontweight="bold")
    sheet.text(corner[0] + 0.1, (tops[0] + bottom) / 2, axis, 7, rotation=90)
    limits = _limits(block)
    ticks = round_ticks(*limits, 4)
    for panel in block.panels:
        row, column = rows.index(panel.extraction), columns.index(panel.value_learning)
        inches = _row_inches(panel.extraction)
        frame = Frame(lefts[column], tops[row] - inches, wide, inches, (-0.6, len(block.decompositions) - 0.4), limits)
        last = row == len(rows) - 1
        marks = [(x, name.display_name if last else "") for x, name in enumerate(block.decompositions)]
        marginal = panel.value_learning is None or panel.extraction is None
        sheet.frame(frame, SHADED if marginal else WHITE, ticks, column == 0, marks)
        _draw_panel(sheet, frame, panel, block)
        if ended.still(panel):
            sheet.text(frame.left + frame.width - 0.07, frame.top - 0.07, STILL, 6.5, color=INK)
        if row == 0 and panel.value_learning is not None:
            sheet.text(frame.left + frame.width / 2, frame.top + 0.1, panel.value_learning.display_name, 8)
        if column == 0:
            name = "mean" if panel.extraction is None else panel.extraction.display_name
            sheet.text(corner[0] + 0.28, frame.bottom + frame.height / 2, name, 8, rotation=90)
    if rows[0] is None and columns[-1] is None:
        _draw_corner(sheet, lefts[-1], tops[0] - _row_inches(None))


def _layout(block: TaskPanels) -> tuple[list[Extraction | None], list[ValueLearning | None]]:
    """List the rows and columns of a task. None, on top or on the right, stands for the panels that average."""
    extractions = {panel.extraction for panel in block.panels}
    value_learners = {panel.value_learning for panel in block.panels}
    rows = [name for name in (None, *Extraction.members()) if name in extractions]
    return rows, [name for name in (*ValueLearning.members(), None) if name in value_learners]


def _draw_corner(sheet: Sheet, left: float, bottom: float) -> None:
    """Explain in the empty corner the shaded panels on its left and below it."""
    said: dict[str, Any] = {"color": FAINT, "linespacing": 1.15}
    sheet.text(
        left + 0.03, bottom + _row_inches(None) * 0.88, "\u2190 mean over\n     extraction", 6.5, va="top", ha="left", **said
    )
    sheet.text(left + CELL_INCHES[0] / 2, bottom + 0.02, "mean over\nvalue learning\n\u2193", 6.5, va="bottom", **said)


def _draw_panel(sheet: Sheet, frame: Frame, panel: Panel, block: TaskPanels) -> None:
    sheet.line(ZERO, _level(frame, 0.0))
    if math.isfinite(block.cloning):
        sheet.line(CLONED, _level(frame, block.cloning))
    drawn = [bar for bar in panel.bars if math.isfinite(bar.value)]
    for bar in drawn:
        _draw_bar(sheet, frame, block.decompositions.index(bar.decomposition), bar)
    if not drawn:
        sheet.text(frame.left + frame.width / 2, frame.bottom + frame.height / 2, "no runs", 6.5, color=FAINT)


def _level(frame: Frame, value: float) -> list[Point]:
    y = frame.at(0.0, value)[1]
    return [(frame.left, y), (frame.right, y)]


def _draw_bar(sheet: Sheet, frame: Frame, x: int, bar: Bar) -> None:
    colour = COLOURS[bar.mark]
    corners = (*frame.at(x - BAR_HALF, 0.0), *frame.at(x + BAR_HALF, bar.value))
    sheet.area(Brush(colour, hatch="////" if bar.missing else ""), rectangle(*corners))
    top = max(bar.value, 0.0)
    if bar.interval is not None:
        low, high = bar.interval
        sheet.line(REACH, [frame.at(x, low), frame.at(x, high)])
        for end in (low, high):
            sheet.line(REACH, [frame.at(x - CAP_HALF, end), frame.at(x + CAP_HALF, end)])
        top = max(top, high)
    elif len(bar.seed_scores) > 1 and not bar.saturated:
        offsets = [SEEDS_HALF * (2 * i / (len(bar.seed_scores) - 1) - 1) for i in range(len(bar.seed_scores))]
        sheet.dots(SEED, [frame.at(x + offset, score) for offset, score in zip(offsets, bar.seed_scores, strict=True)])
        top = max(top, *bar.seed_scores)
    if math.isfinite(bar.corrected):
        sheet.line(CORRECTED, [frame.at(x - BAR_HALF, bar.corrected), frame.at(x + BAR_HALF, bar.corrected)])
    if bar.saturated and not bar.diverged:
        at, above = frame.at(x, top)
        sheet.text(at, above + 0.01, "=", 5.5, va="bottom", color=FAINT)
    if bar.diverged:
        at, above = frame.at(x, top)
        sheet.text(at, above + 0.02, f"{bar.diverged}", 5.5, va="bottom", color="#a01010")


def _limits(block: TaskPanels) -> tuple[float, float]:
    """Compute one scale for a task's panels, with room for the numbers above the bars."""
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
    shown = {bar.mark for bar in bars}
    handles: list[Patch | Line2D] = [Patch(facecolor=COLOURS[mark], label=mark.value) for mark in Mark if mark in shown]
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
