"""Draws the bars of one panel of Figure 7, in either of two layouts.

Paired: a bar is the score by which bars are compared. A thin line marks the best one's, and a whisker the interval of a bar's
difference to it. So a bar is surely behind where its whisker does not reach the line. Single: the paper's layout. There a bar
is the best configuration's mean, and a whisker is the bar's own interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.figures.canvas import Brush, Dot, Frame, Pen, Point, Sheet, rectangle
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.style import BEST, FAINT, INK, OTHER, TIED
from recipe_sweep.analysis.findings.learning import NOT_JUDGED, Learning
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panels import Bar, Panel, Range, TaskPanels
from recipe_sweep.analysis.findings.references import drawn_values

UNDER = "#c9d8e8"
"""A pale tone of the line of behaviour cloning."""
COLOURS = {Mark.BEST: BEST, Mark.TIED: TIED, Mark.BELOW: UNDER, Mark.BEHIND: OTHER, Mark.UNRANKED: OTHER}
LEVEL = "#8f3d00"
"""Line of the panel's best: darker than its bar."""
BAR_HALF, CAP_HALF, SEEDS_HALF = 0.36, 0.085, 0.16
_ASIDE = 0.27
"""Place of a dot beside the whisker."""

_LEVEL_PEN = Pen(LEVEL, 0.7, order=3.3)
_REACH = Pen(INK, 0.8, order=3.5)
_OWN = Pen(FAINT, 0.8, order=3.5)
_DOTTED = Pen(INK, 0.8, dash=(1.2, 1.0), order=3.4)
_GHOST = Pen(FAINT, 0.5, order=2.5)
_SEED = Dot("white", INK, 2.2)
_ONE_ALPHA = Dot(INK, INK, 1.7, order=4.2)
_ABOVE = 0.4
"""How far whiskers stretch the scale above the bars, as a share of the range of the bars. Below they are cut."""


class Look(NamedTuple):
    """What the bars show, and what stands beside them."""

    intervals: Intervals
    alphas: OneAlphas
    axis: str = "normalised return"
    """name of the axis of scores"""
    ended: Learning = NOT_JUDGED
    """panels that are still learning have a sign"""


class DrawnBar(NamedTuple):
    """What is drawn of one bar, as scores."""

    bar: Bar
    height: float
    beside: float
    """the other of the two scores: best configuration, selection-corrected"""
    whisker: Range | None
    own: bool
    """whether the whisker is the bar's own interval in a panel of differences"""
    seeds: tuple[float, ...]
    """single seeds, drawn where no interval is known because they are too few"""
    one_alpha: float
    """score with one configuration everywhere; NaN if it is not drawn"""

    @property
    def values(self) -> tuple[float, ...]:
        """Scores that must lie inside the panel."""
        return (self.height, self.beside, *self.seeds, self.one_alpha)


def drawn_bars(panel: Panel, look: Look) -> tuple[DrawnBar, ...]:
    """Say what is drawn of a panel's bars. Bars without any run are left out."""
    bars = [bar for bar in panel.bars if math.isfinite(bar.value)]
    return tuple(_drawn(panel, bar, look) for bar in bars)


def _drawn(panel: Panel, bar: Bar, look: Look) -> DrawnBar:
    # Beside circles of single seeds a dot would be one more.
    dotted = look.alphas.several and bar.seeds >= FEWEST_SEEDS
    one_alpha = look.alphas.score(panel, bar) if dotted else math.nan
    if look.intervals is Intervals.SINGLE:
        few = bar.interval is None and not bar.saturated and len(bar.seed_scores) > 1
        return DrawnBar(bar, bar.value, bar.corrected, bar.interval, False, bar.seed_scores if few else (), one_alpha)
    own = bar.mark is Mark.UNRANKED
    best = panel.best
    whisker = bar.interval if own else None
    if bar.difference is not None and best is not None:
        whisker = Range(*(best.score + end for end in bar.difference))
    few = bar.interval is None and not bar.saturated and len(bar.corrected_seeds) > 1
    return DrawnBar(bar, bar.score, bar.value, whisker, own, bar.corrected_seeds if few else (), one_alpha)


def limits(block: TaskPanels, look: Look) -> tuple[float, float]:
    """Compute one scale for a task's panels, with room for the numbers above the bars.

    An interval of a difference can be much longer than the bars are high. It does not stretch the scale to its ends.
    """
    drawn = [one for panel in block.panels for one in drawn_bars(panel, look)]
    finite = [
        value
        for value in (0.0, block.cloning, *drawn_values(block), *(value for one in drawn for value in one.values))
        if math.isfinite(value)
    ]
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    own = [
        end
        for one in drawn
        if one.whisker is not None and (one.own or look.intervals is Intervals.SINGLE)
        for end in one.whisker
    ]
    tops = [one.whisker.high for one in drawn if one.whisker is not None]
    low, high = min([low, *own]), max([high, *own, min(max([high, *tops]), high + _ABOVE * span)])
    return (low - 0.06 * span if low < 0.0 else 0.0), high + 0.16 * span


def draw_panel(sheet: Sheet, frame: Frame, panel: Panel, look: Look, drawn: Sequence[tuple[int, DrawnBar]]) -> None:
    """Draw bars at their places, and the level of the best where differences to it are drawn."""
    for place, one in drawn:
        _draw_bar(sheet, frame, place, one, look)
    best = panel.best
    if look.intervals is Intervals.PAIRED and best is not None and any(bar.difference is not None for bar in panel.bars):
        sheet.line(_LEVEL_PEN, level(frame, best.score))
    if not drawn:
        sheet.text(frame.left + frame.width / 2, frame.bottom + frame.height / 2, "no runs", 6.5, color=FAINT)


def level(frame: Frame, value: float) -> list[Point]:
    """Return the ends of a line across a panel at a score."""
    y = frame.at(0.0, value)[1]
    return [(frame.left, y), (frame.right, y)]


def _draw_bar(sheet: Sheet, frame: Frame, x: int, drawn: DrawnBar, look: Look) -> None:
    bar = drawn.bar
    left, right = x - BAR_HALF, x + BAR_HALF
    corners = (*frame.at(left, 0.0), *frame.at(right, drawn.height))
    sheet.area(Brush(COLOURS[bar.mark], hatch="////" if bar.missing else ""), rectangle(*corners))
    top = max(0.0, *(value for value in drawn.values if math.isfinite(value)))
    if math.isfinite(drawn.beside):
        if look.intervals is Intervals.SINGLE:
            sheet.line(_DOTTED, [frame.at(left, drawn.beside), frame.at(right, drawn.beside)])
        elif drawn.beside != drawn.height:
            sheet.line(
                _GHOST,
                [
                    frame.at(left, drawn.height),
                    frame.at(left, drawn.beside),
                    frame.at(right, drawn.beside),
                    frame.at(right, drawn.height),
                ],
            )
    if drawn.whisker is not None:
        _draw_whisker(sheet, frame, x, drawn.whisker, _OWN if drawn.own else _REACH)
        top = max(top, min(drawn.whisker.high, frame.up[1]))
    if drawn.seeds:
        last = len(drawn.seeds) - 1
        offsets = [SEEDS_HALF * (2 * i / last - 1) for i in range(last + 1)]
        sheet.dots(_SEED, [frame.at(x + offset, score) for offset, score in zip(offsets, drawn.seeds, strict=True)])
    if math.isfinite(drawn.one_alpha):
        sheet.dots(_ONE_ALPHA, [frame.at(x + _ASIDE, drawn.one_alpha)])
    _draw_signs(sheet, frame.at(x, min(top, frame.up[1] * 0.93)), bar)


def _draw_whisker(sheet: Sheet, frame: Frame, x: int, whisker: Range, pen: Pen) -> None:
    """Draw an interval. An end outside the panel has no cap."""
    low, high = (min(max(end, frame.up[0]), frame.up[1]) for end in whisker)
    sheet.line(pen, [frame.at(x, low), frame.at(x, high)])
    for end, shown in zip(whisker, (low, high), strict=True):
        if end == shown:
            sheet.line(pen, [frame.at(x - CAP_HALF, end), frame.at(x + CAP_HALF, end)])


def _draw_signs(sheet: Sheet, place: Point, bar: Bar) -> None:
    """Write above a bar how many of its runs diverged, or that it never varied."""
    at, above = place
    if bar.saturated and not bar.diverged:
        sheet.text(at, above + 0.01, "=", 5.5, va="bottom", color=FAINT)
    if bar.diverged:
        sheet.text(at, above + 0.02, f"{bar.diverged}", 5.5, va="bottom", color="#a01010")
