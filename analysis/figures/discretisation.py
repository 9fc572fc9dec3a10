"""Returns of discrete battles under each discretisation of the actor's outputs (the question of the paper's section 7)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from recipe_sweep.analysis.figures.canvas import Brush, Dot, Frame, Pen, Sheet, rectangle, round_ticks
from recipe_sweep.analysis.figures.captions import ALPHA, TAU
from recipe_sweep.analysis.figures.figure9_discrete import OWN_BATTLE, broken_title
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.style import INK, style, wrapped
from recipe_sweep.analysis.findings.discretisations import Gain, Treatment, gains, treatments
from recipe_sweep.analysis.findings.family_panels import FamilyPanel
from recipe_sweep.analysis.findings.family_tables import family_frame
from recipe_sweep.analysis.number_text import measured
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM, SENTENCE
from recipe_sweep.search_spaces.vocabulary import Discretisation
from recipe_sweep.sweep.results.samples import Lacking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = {
    Discretisation.RAW: "#9b9b9b",
    Discretisation.SOFTMAX: "#2f6fa7",
    Discretisation.STRAIGHT_THROUGH: "#d9600b",
}
CLONING = "cloning"
GROUP_INCHES, HEIGHT_INCHES, GAP_INCHES, LEFT_INCHES, TOP_INCHES = 0.62, 1.75, 0.3, 0.55, 0.42
ROOM, BELOW_INCHES, LEGEND_INCHES, NOTE_POINTS = 0.84, 0.24, 0.32, 6.8
LINE_INCHES = NOTE_POINTS * 1.35 / 72.0
REACH, ZERO, DATASET = Pen(INK, 0.8, order=3.5), Pen(INK, 0.6, order=3.0), Dot("#ffe08a", INK, 2.2)


class _Bar(NamedTuple):
    """One bar of a group."""

    colour: str
    value: float
    values: tuple[float, ...]
    """one per dataset that has a run"""


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw `discretisation`, if the sweep has battles under several discretisations."""
    found = treatments(material.results.runs, material.wanted, material.rule)
    if len(found) < 2:
        return Lacking("no battle was trained under two discretisations")
    compared = gains(found)
    figure = draw_treatments(found, _note(found, compared, material))
    says = NO_CLAIM if material.coverage.rehearsal else " ".join(_said(compared, found))
    says = f"Returns of discrete battles under each discretisation. {says}"
    numbers = (
        Numbers("discretisation", treatments_frame(found)),
        Numbers("discretisation_gains", gains_frame(compared, found)),
    )
    return (Drawing("discretisation", figure, says, numbers),)


def treatments_frame(found: Sequence[Treatment]) -> pd.DataFrame:
    """Tabulate the bars as Figure 9's table does, with a column for the discretisation."""
    import pandas as pd

    tables = [family_frame(one.panels) for one in found]
    parts = [table.assign(discretisation=one.discretisation.value) for table, one in zip(tables, found, strict=True)]
    return pd.concat([part.dropna(axis="columns", how="all") for part in parts], ignore_index=True)


def gains_frame(compared: Sequence[Gain], found: Sequence[Treatment]) -> pd.DataFrame:
    """Tabulate the gains in returns, with their 95 % intervals, each alone."""
    import pandas as pd

    rows = [
        (one.title, one.discretisation.value, one.minus.value, *_in_returns(one, found), one.mean.seeds) for one in compared
    ]
    return pd.DataFrame(rows, columns=["family", "discretisation", "minus", "gain", "low", "high", "seeds"])


def _in_returns(gain: Gain, found: Sequence[Treatment]) -> tuple[float, float, float]:
    panel = next(panel for panel in found[0].panels if panel.title == gain.title)
    span = panel.scale.maximum - panel.scale.minimum
    return span * gain.mean.value, span * gain.mean.low, span * gain.mean.high


def _said(compared: Sequence[Gain], found: Sequence[Treatment]) -> Iterator[str]:
    for one in compared:
        if math.isfinite(one.mean.value):
            yield f"{_name(one.discretisation)} minus {_name(one.minus)} in {one.title}: {measured(_in_returns(one, found))}."


def _note(found: Sequence[Treatment], compared: Sequence[Gain], material: Material) -> list[str]:
    """Write the sentences below the figure."""
    said = [
        f"Bars: mean over datasets of the best (value learner, extraction, {ALPHA}, {TAU}), by its mean over seeds.",
        "Whiskers and dots: datasets; they are no intervals.",
        f"Cloning: AWR with {ALPHA} 0.",
    ]
    if not all(panel.family.in_paper for one in found for panel in one.panels):
        said.append(OWN_BATTLE)
    if material.coverage.rehearsal:
        return [SENTENCE, *said, material.coverage.sentence(), NO_CLAIM]
    said += [material.coverage.sentence(), "Differences, tuned and scored on other seeds, mean over decompositions, 95 %:"]
    return [*said, *_said(compared, found)]


def draw_treatments(found: Sequence[Treatment], note: Sequence[str]) -> Figure:
    """Draw a panel for each family with a group of bars for each decomposition, and one for cloning."""
    titles = list(dict.fromkeys(panel.title for one in found for panel in one.panels))
    groups = [_groups(found, title) for title in titles]
    widths = [GROUP_INCHES * max(len(group), 2) for group in groups]
    width = max(LEFT_INCHES + sum(widths) + GAP_INCHES * len(widths), 5.2)
    lines = wrapped(note, width - 0.25, NOTE_POINTS)
    foot = LEGEND_INCHES + LINE_INCHES * len(lines) + 0.1
    height = TOP_INCHES + HEIGHT_INCHES + BELOW_INCHES + foot
    scale = _limits([bar for group in groups for _, bars in group for bar in bars])
    with style():
        sheet = Sheet(width, height)
        left, bottom = LEFT_INCHES, foot + BELOW_INCHES
        sheet.text(0.14, bottom + HEIGHT_INCHES / 2, "average performance (return)", 7.5, rotation=90)
        for number, (title, group, wide) in enumerate(zip(titles, groups, widths, strict=True)):
            frame = Frame(left, bottom, wide, HEIGHT_INCHES, (-0.6, max(len(group), 2) - 0.4), scale)
            sheet.frame(frame, "white", round_ticks(*scale, 5), number == 0, [(x, name) for x, (name, _) in enumerate(group)])
            shown = next(panel for one in found for panel in one.panels if panel.title == title)
            sheet.text(left + wide / 2, frame.top + 0.07, broken_title(shown), 8.0, va="bottom", fontweight="bold")
            sheet.line(ZERO, [frame.at(frame.across[0], 0.0), frame.at(frame.across[1], 0.0)])
            for x, (_, bars) in enumerate(group):
                _draw_group(sheet, frame, x, bars)
            left += wide + GAP_INCHES
        figure = sheet.finish()
        _draw_legend(figure, found, foot / height)
        top = (foot - LEGEND_INCHES) / height
        figure.text(0.012, top, "\n".join(lines), fontsize=NOTE_POINTS, va="top", ha="left", linespacing=1.3)
    return figure


def _groups(found: Sequence[Treatment], title: str) -> list[tuple[str, list[_Bar]]]:
    """List the groups of a panel: a name and a bar for each discretisation. Cloning is the last, if any has it."""
    panels: list[tuple[str, FamilyPanel]] = [
        (COLOURS[one.discretisation], panel) for one in found for panel in one.panels if panel.title == title
    ]
    names = dict.fromkeys(bar.decomposition for _, panel in panels for bar in panel.bars)
    groups = [
        (
            name.display_name,
            [
                _Bar(colour, bar.value, bar.values)
                for colour, panel in panels
                for bar in panel.bars
                if bar.decomposition is name
            ],
        )
        for name in names
    ]
    cloning = [_Bar(colour, panel.cloning, ()) for colour, panel in panels if math.isfinite(panel.cloning)]
    return [*groups, (CLONING, cloning)] if cloning else groups


def _limits(bars: Sequence[_Bar]) -> tuple[float, float]:
    finite = [value for bar in bars for value in (bar.value, *bar.values) if math.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    span = (high - low) or 1.0
    return (low - 0.06 * span if low < 0.0 else 0.0), high + 0.08 * span


def _draw_group(sheet: Sheet, frame: Frame, x: int, bars: Sequence[_Bar]) -> None:
    wide = ROOM / max(len(bars), 1)
    for number, bar in enumerate(bars):
        if not math.isfinite(bar.value):
            continue
        left = x - ROOM / 2 + number * wide
        middle = left + wide / 2
        sheet.area(Brush(bar.colour), rectangle(*frame.at(left + 0.02, 0.0), *frame.at(left + wide - 0.02, bar.value)))
        if len(bar.values) > 1:
            sheet.line(REACH, [frame.at(middle, min(bar.values)), frame.at(middle, max(bar.values))])
        sheet.dots(DATASET, [frame.at(middle, value) for value in bar.values])


def _draw_legend(figure: Figure, found: Sequence[Treatment], top: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Patch | Line2D] = [
        Patch(facecolor=COLOURS[one.discretisation], label=_name(one.discretisation)) for one in found
    ]
    look: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 3.0, "markerfacecolor": DATASET.face}
    handles.append(Line2D([], [], **look, markeredgecolor=INK, label="a dataset"))
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, top), "ncols": len(handles)}
    figure.legend(handles=handles, **place, frameon=False, fontsize=7, handlelength=1.2, columnspacing=1.2)


def _name(discretisation: Discretisation) -> str:
    return discretisation.value.replace("_", " ")
