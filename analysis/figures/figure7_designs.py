"""Figure 7: best performance according to design choices (paper 5.2).

Each task has a grid of small panels with four bars each: rows BRAC and AWR, columns TD, SARSA and IQL. The panels on top
average over extraction, those on the right over value learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from recipe_sweep.analysis.figures.canvas import Frame, Pen, Point, Sheet, round_ticks
from recipe_sweep.analysis.figures.captions import figure7_note, standing_sentence
from recipe_sweep.analysis.figures.figure7_bars import Look, draw_panel, drawn_bars, level, limits
from recipe_sweep.analysis.figures.figure7_foot import draw_foot, foot_of
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.reference_marks import draw_marks
from recipe_sweep.analysis.figures.style import CLONING, FAINT, INK, style
from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panel_tables import bars_frame, configurations_frame
from recipe_sweep.analysis.findings.panels import Panel, TaskPanels
from recipe_sweep.analysis.findings.references import references_frame
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM
from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL_INCHES = (1.12, 0.92)
LETTERS = 16
"""Letters and spaces below a panel of this width."""
GAP_INCHES = (0.13, 0.15)
MARGIN_INCHES = {"left": 0.74, "right": 0.2, "top": 0.46, "bottom": 0.3}
"""Margins around the panels of a task. They hold the names of task, rows and columns, and the numbers at the axes."""

WHITE, SHADED = "white", "#f6f4f1"
ZERO = Pen(INK, 0.6, order=3.0)
CLONED = Pen(CLONING, 0.9, dash=(4.0, 2.0), order=3.2)
STILL = "\N{NORTH EAST ARROW}"
"""Marks panels that are still learning."""


def draw(material: Material) -> tuple[Drawing, ...]:
    """Draw Figure 7 of all tasks. A single run is enough."""
    blocks = material.blocks
    says = NO_CLAIM if material.coverage.rehearsal else standing_sentence(blocks)
    look = Look(material.intervals, material.one_alphas, material.rule.axis, material.learning)
    figure = draw_figure7(blocks, _note(material), look)
    says = f"Best {material.rule.noun} of every design. {says}"
    return (Drawing("figure7", figure, says, _numbers(blocks, look.alphas)),)


def _note(material: Material) -> tuple[str, ...]:
    """Write the footnote, with what the arrows mean before the last two sentences."""
    note = figure7_note(material.blocks, material.coverage, material.rule, material.intervals, material.one_alphas)
    ended = material.learning
    said = (f"{STILL}: still learning. {ended.sentence}",) if ended.caution else ()
    return (*note[:-2], *said, *note[-2:])


def _numbers(blocks: Sequence[TaskPanels], alphas: OneAlphas) -> tuple[Numbers, ...]:
    """Tabulate every number of the figure, and every configuration from which the best was chosen."""
    bars, configurations, placed = bars_frame(blocks, alphas), configurations_frame(blocks, alphas), references_frame(blocks)
    found = Numbers("figure7", bars), Numbers("figure7_configurations", configurations)
    return found if placed.empty else (*found, Numbers("references", placed))


def draw_figure7(blocks: Sequence[TaskPanels], note: Sequence[str], look: Look) -> Figure:
    """Draw one block per task, two blocks in a row, and the sentences of `note` below."""
    columns = 1 if len(blocks) == 1 else 2
    rows = math.ceil(len(blocks) / columns)
    across, down = (max(sizes) for sizes in zip(*map(_size, blocks), strict=True))
    width = max(across * columns, 5.0) + 0.1
    foot = foot_of(blocks, note, look, width)
    height = down * rows + foot.inches + 0.06
    with style():
        sheet = Sheet(width, height)
        for i, block in enumerate(blocks):
            _draw_block(sheet, block, (i % columns * across, height - 0.06 - i // columns * down), look)
        figure = sheet.finish()
        draw_foot(figure, foot)
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


def _draw_block(sheet: Sheet, block: TaskPanels, corner: Point, look: Look) -> None:
    """Draw a task's panels, starting at their upper left corner."""
    rows, columns = _layout(block)
    wide = _cell_inches(block)
    lefts = [corner[0] + MARGIN_INCHES["left"] + i * (wide + GAP_INCHES[0]) for i in range(len(columns))]
    tops = [corner[1] - MARGIN_INCHES["top"]]
    for extraction in rows:
        tops.append(tops[-1] - _row_inches(extraction) - GAP_INCHES[1])
    right, bottom = lefts[-1] + wide, tops[-1] + GAP_INCHES[1]
    sheet.text((lefts[0] + right) / 2, corner[1] - 0.11, block.scores.title, 9.5, fontweight="bold")
    sheet.text(corner[0] + 0.1, (tops[0] + bottom) / 2, look.axis, 7, rotation=90)
    scale = limits(block, look)
    ticks = round_ticks(*scale, 4)
    for panel in block.panels:
        row, column = rows.index(panel.extraction), columns.index(panel.value_learning)
        inches = _row_inches(panel.extraction)
        frame = Frame(lefts[column], tops[row] - inches, wide, inches, (-0.6, len(block.decompositions) - 0.4), scale)
        last = row == len(rows) - 1
        marks = [(x, name.display_name if last else "") for x, name in enumerate(block.decompositions)]
        marginal = panel.value_learning is None or panel.extraction is None
        sheet.frame(frame, SHADED if marginal else WHITE, ticks, column == 0, marks)
        _draw_panel(sheet, frame, panel, block, look)
        if look.ended.still(panel):
            # Between the last two bars, because whiskers may reach the top.
            sheet.text(frame.at(len(block.decompositions) - 1.5, 0.0)[0], frame.top - 0.07, STILL, 6.5, color=INK)
        if column == len(columns) - 1:
            draw_marks(sheet, frame, block)
        if row == 0 and panel.value_learning is not None:
            sheet.text(frame.left + frame.width / 2, frame.top + 0.1, panel.value_learning.display_name, 8)
        if column == 0:
            sheet.text(corner[0] + 0.28, frame.bottom + frame.height / 2, panel.names[1], 8, rotation=90)
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


def _draw_panel(sheet: Sheet, frame: Frame, panel: Panel, block: TaskPanels, look: Look) -> None:
    sheet.line(ZERO, level(frame, 0.0))
    if math.isfinite(block.cloning):
        sheet.line(CLONED, level(frame, block.cloning))
    drawn = drawn_bars(panel, look)
    places = [(block.decompositions.index(one.bar.decomposition), one) for one in drawn]
    draw_panel(sheet, frame, panel, look, places)
