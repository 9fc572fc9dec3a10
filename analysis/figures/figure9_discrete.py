"""Figure 9: discrete control, a panel for each family of battles (paper 6).

A bar is a decomposition with its best design and configuration on each dataset. The scale is returns, because all battles pay
20 for a clear win. Skirmish is this project's own battle, and its panels say so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from recipe_sweep.analysis.figures.canvas import Brush, Dot, Frame, Pen, Sheet, rectangle, round_ticks
from recipe_sweep.analysis.figures.captions import ALPHA, TAU
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.reference_marks import DOTS, STEP_INCHES
from recipe_sweep.analysis.figures.style import CLONING, FAINT, INK, style, wrapped
from recipe_sweep.analysis.findings.battles import leads
from recipe_sweep.analysis.findings.family_panels import FamilyBar, FamilyPanel, family_panels
from recipe_sweep.analysis.findings.family_tables import family_frame, leads_frame, wins_frame
from recipe_sweep.analysis.number_text import measured
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM, SENTENCE
from recipe_sweep.sweep.results.samples import Lacking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR_INCHES, HEIGHT_INCHES, GAP_INCHES = 0.46, 1.75, 0.34
MARGIN_INCHES = {"left": 0.55, "right": 0.2, "top": 0.42, "bottom": 0.24}
BAR_HALF, CAP_HALF, DOTS_HALF = 0.36, 0.09, 0.2
NOTE_POINTS, LEGEND_POINTS, LEGEND_INCHES = 6.8, 7.0, 0.32
LINE_INCHES = NOTE_POINTS * 1.35 / 72.0

ZERO = Pen(INK, 0.6, order=3.0)
CLONED = Pen(CLONING, 0.9, dash=(4.0, 2.0), order=3.2)
REACH = Pen(INK, 0.8, order=3.5)
DATASET = Dot("#ffe08a", INK, 2.6)
"""Look of a dataset, in another colour than the marks of the reference policies."""
NO_BATTLES = "no run on SMAC or skirmish has a return"
OWN_BATTLE = "Skirmish is this project's own battle; what the paper says is about SMAC."


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 9, if any battle has a return. A single run is enough."""
    panels = family_panels([block.scores for block in material.blocks])
    if not panels:
        return Lacking(NO_BATTLES)
    figure = draw_panels(panels, _note(panels, material))
    says = f"Best return of each decomposition. {' '.join(_standing(panels))}"
    wins = wins_frame(panels, material.results.runs, material.wanted)
    numbers: tuple[Numbers, ...] = (Numbers("figure9", family_frame(panels)), Numbers("figure9_leads", leads_frame(panels)))
    numbers = numbers if wins.empty else (*numbers, Numbers("figure9_wins", wins))
    return (Drawing("figure9", figure, NO_CLAIM if material.coverage.rehearsal else says, numbers),)


def _standing(panels: Sequence[FamilyPanel]) -> Iterator[str]:
    for panel in panels:
        known = [f"{bar.decomposition.display_name} {bar.value:.1f}" for bar in panel.bars if math.isfinite(bar.value)]
        yield f"{panel.title}: {', '.join(known)}."


def _note(panels: Sequence[FamilyPanel], material: Material) -> list[str]:
    """Write the sentences below the figure."""
    said = [
        f"Bars: mean over datasets of the best (value learner, extraction, {ALPHA}, {TAU}) of a decomposition, "
        "by its mean over seeds.",
        "Whiskers: least and greatest dataset; they are no intervals.",
    ]
    dots = {panel.family.title: panel.datasets for panel in panels if len(panel.datasets) > 1}
    said += [f"Dots in {title}, from left: {', '.join(datasets)}." for title, datasets in dots.items()]
    if any(math.isfinite(panel.cloning) for panel in panels):
        said.append(f"Dashed: behaviour cloning (AWR with {ALPHA} 0) with the same networks, steps and data.")
    if not all(panel.family.in_paper for panel in panels):
        said.append(OWN_BATTLE)
    if material.coverage.rehearsal:
        return [SENTENCE, *said, material.coverage.sentence(), NO_CLAIM]
    told = list(_lead_sentences(panels))
    head = ["Mix minus each other, chosen by some seeds and scored on others, within seeds, with 95 % intervals of each alone:"]
    return [*said, material.coverage.sentence(), *(head if told else []), *told]


def _lead_sentences(panels: Sequence[FamilyPanel]) -> Iterator[str]:
    """Say how far Mix is ahead of each other decomposition, with the interval of each difference alone."""
    for panel in panels:
        found = leads(panel.tasks)
        if not found:
            continue
        span = panel.scale.maximum - panel.scale.minimum
        told = [
            f"{one.over.display_name} {measured((span * one.mean.value, span * one.mean.low, span * one.mean.high))}"
            for one in found
        ]
        yield f"{panel.title}: {', '.join(told)}."


def draw_panels(panels: Sequence[FamilyPanel], note: Sequence[str]) -> Figure:
    """Draw panels side by side on one scale, with a legend and the sentences of `note` below."""
    widths = [BAR_INCHES * max(len(panel.bars), 3) for panel in panels]
    panels_inches = sum(widths) + GAP_INCHES * (len(panels) - 1)
    width = max(MARGIN_INCHES["left"] + panels_inches + MARGIN_INCHES["right"], 5.2)
    lines = wrapped(note, width - 0.25, NOTE_POINTS)
    foot = LEGEND_INCHES + LINE_INCHES * len(lines) + 0.1
    height = MARGIN_INCHES["top"] + HEIGHT_INCHES + MARGIN_INCHES["bottom"] + foot
    scale = _limits(panels)
    with style():
        sheet = Sheet(width, height)
        left, bottom = MARGIN_INCHES["left"], foot + MARGIN_INCHES["bottom"]
        sheet.text(0.14, bottom + HEIGHT_INCHES / 2, "average performance (return)", 7.5, rotation=90)
        for number, (panel, wide) in enumerate(zip(panels, widths, strict=True)):
            frame = Frame(left, bottom, wide, HEIGHT_INCHES, (-0.6, max(len(panel.bars), 3) - 0.4), scale)
            marks = [(x, bar.decomposition.display_name) for x, bar in enumerate(panel.bars)]
            sheet.frame(frame, "white", round_ticks(*scale, 5), number == 0, marks)
            sheet.text(left + wide / 2, frame.top + 0.07, broken_title(panel), 8.0, va="bottom", fontweight="bold")
            _draw_panel(sheet, frame, panel)
            left += wide + GAP_INCHES
        figure = sheet.finish()
        _draw_legend(figure, panels, foot / height)
        top = (foot - LEGEND_INCHES) / height
        figure.text(0.012, top, "\n".join(lines), fontsize=NOTE_POINTS, va="top", ha="left", linespacing=1.3)
    return figure


def broken_title(panel: FamilyPanel) -> str:
    """Break a panel's title into lines that fit above it: the chance stands below the family."""
    return panel.title.replace(" (", "\n(")


def _limits(panels: Sequence[FamilyPanel]) -> tuple[float, float]:
    bars = [value for panel in panels for bar in panel.bars for value in bar.values]
    beside = [value for panel in panels for value in (panel.cloning, *(mark.value for mark in panel.marks))]
    finite = [value for value in (0.0, *bars, *beside) if math.isfinite(value)]
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return (low - 0.06 * span if low < 0.0 else 0.0), high + 0.08 * span


def _draw_panel(sheet: Sheet, frame: Frame, panel: FamilyPanel) -> None:
    sheet.line(ZERO, [frame.at(frame.across[0], 0.0), frame.at(frame.across[1], 0.0)])
    if math.isfinite(panel.cloning):
        sheet.line(CLONED, [frame.at(frame.across[0], panel.cloning), frame.at(frame.across[1], panel.cloning)])
    for x, bar in enumerate(panel.bars):
        if bar.values:
            _draw_bar(sheet, frame, x, bar)
    if not any(bar.values for bar in panel.bars):
        sheet.text(frame.left + frame.width / 2, frame.bottom + frame.height / 2, "no runs", 6.5, color=FAINT)
    for place, (dot, mark) in enumerate(zip(DOTS, panel.marks, strict=True)):
        if math.isfinite(mark.value):
            sheet.dots(dot, [(frame.right + (place + 0.7) * STEP_INCHES, frame.at(0.0, mark.value)[1])])


def _draw_bar(sheet: Sheet, frame: Frame, x: int, bar: FamilyBar) -> None:
    corners = (*frame.at(x - BAR_HALF, 0.0), *frame.at(x + BAR_HALF, bar.value))
    sheet.area(Brush(bar.decomposition.colour, alpha=0.75, hatch="" if bar.whole else "////"), rectangle(*corners))
    least, greatest = min(bar.values), max(bar.values)
    if len(bar.values) > 1:
        sheet.line(REACH, [frame.at(x, least), frame.at(x, greatest)])
        for end in (least, greatest):
            sheet.line(REACH, [frame.at(x - CAP_HALF, end), frame.at(x + CAP_HALF, end)])
    step = 2 * DOTS_HALF / max(len(bar.chosen) - 1, 1)
    first = x - step * (len(bar.chosen) - 1) / 2
    places = [(first + step * i, one.value) for i, one in enumerate(bar.chosen) if math.isfinite(one.value)]
    sheet.dots(DATASET, [frame.at(*place) for place in places])


def _draw_legend(figure: Figure, panels: Sequence[FamilyPanel], top: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    look: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 3.0}
    handles: list[Line2D | Patch] = [
        Line2D([], [], **look, markerfacecolor=DATASET.face, markeredgecolor=INK, label="a dataset")
    ]
    if any(math.isfinite(panel.cloning) for panel in panels):
        handles.append(Line2D([], [], color=CLONING, linewidth=0.9, linestyle=(0, (4, 2)), label="behaviour cloning"))
    for place, dot in enumerate(DOTS):
        if any(math.isfinite(panel.marks[place].value) for panel in panels):
            name = panels[0].marks[place].name
            handles.append(Line2D([], [], **look, markerfacecolor=dot.face, markeredgecolor=dot.edge, label=name))
    if not all(bar.whole for panel in panels for bar in panel.bars):
        handles.append(Patch(facecolor=FAINT, edgecolor="white", hatch="////", label="some runs missing"))
    place_: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, top), "ncols": len(handles)}
    figure.legend(handles=handles, **place_, frameon=False, fontsize=LEGEND_POINTS, handlelength=1.2, columnspacing=1.2)
