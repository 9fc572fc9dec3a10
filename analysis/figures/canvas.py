"""Draws a figure of many small panels on one sheet. All coordinates are inches from the lower left corner.

Each of matplotlib's own axes costs milliseconds to make, to lay out and to draw. A figure of the paper's sweep has dozens of
panels in three formats. Here a panel is only a place on the sheet. All lines with the same look are one artist, and so are
all areas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from recipe_sweep.analysis.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID = "#dddddd"
TICK_INCHES = 2.0 / 72.0
TICK_POINTS = 6.5
MINUS = "\N{MINUS SIGN}"

Point = tuple[float, float]


class Pen(NamedTuple):
    """Look of a line. A line of higher `order` is drawn later."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()
    order: float = 3.0


class Brush(NamedTuple):
    """Look of an area. `hatch` is drawn in white."""

    colour: str
    alpha: float = 1.0
    hatch: str = ""
    order: float = 2.0


class Dot(NamedTuple):
    """Look of a mark: a disc of `size` points with an edge."""

    face: str
    edge: str
    size: float
    order: float = 4.0


class Frame(NamedTuple):
    """Place of a panel on the sheet, and the ranges that it shows."""

    left: float
    bottom: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]

    def at(self, x: float, y: float) -> Point:
        """Convert a value to a place on the sheet."""
        return self.left + self.width * _share(x, self.across), self.bottom + self.height * _share(y, self.up)

    @property
    def right(self) -> float:
        """Right edge of the panel."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Upper edge of the panel."""
        return self.bottom + self.height


class Sheet:
    """Collects what is drawn. Call its methods inside `style()`, `finish` last."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._figure = Figure(figsize=(width, height))
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0.0, width), ylim=(0.0, height))
        self._axes.set_axis_off()
        self._lines: dict[Pen, list[Sequence[Point]]] = defaultdict(list)
        self._areas: dict[Brush, list[Sequence[Point]]] = defaultdict(list)
        self._dots: dict[Dot, list[Point]] = defaultdict(list)

    def line(self, pen: Pen, points: Sequence[Point]) -> None:
        """Add a line through points."""
        self._lines[pen].append(points)

    def area(self, brush: Brush, corners: Sequence[Point]) -> None:
        """Add a filled polygon."""
        self._areas[brush].append(corners)

    def dots(self, dot: Dot, points: Iterable[Point]) -> None:
        """Add a mark at each point."""
        self._dots[dot].extend(points)

    def text(self, x: float, y: float, words: str, size: float, **look: Any) -> None:
        """Add words, centred on a place unless `look` says otherwise."""
        self._axes.text(x, y, words, fontsize=size, parse_math=False, **{"ha": "center", "va": "center", **look})

    def frame(
        self, frame: Frame, ground: str, ticks: Sequence[float], labelled: bool, marks: Sequence[tuple[float, str]]
    ) -> None:
        """Add a panel's ground, grid and axes: `ticks` with numbers if `labelled`, and `marks` with words below."""
        self.area(Brush(ground, order=0.0), rectangle(frame.left, frame.bottom, frame.right, frame.top))
        edge = Pen(INK, 0.6)
        self.line(edge, [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)])
        for tick, label in zip(ticks, tick_labels(ticks), strict=True):
            _, y = frame.at(0.0, tick)
            self.line(Pen(GRID, 0.35, order=1.0), [(frame.left, y), (frame.right, y)])
            self.line(edge, [(frame.left - TICK_INCHES, y), (frame.left, y)])
            if labelled:
                self.text(frame.left - 2.6 * TICK_INCHES, y, label, TICK_POINTS, ha="right", va="center_baseline")
        for place, word in marks:
            x, _ = frame.at(place, 0.0)
            self.line(edge, [(x, frame.bottom - TICK_INCHES), (x, frame.bottom)])
            if word:
                self.text(x, frame.bottom - 2.4 * TICK_INCHES, word, TICK_POINTS, va="top")

    def finish(self) -> Figure:
        """Draw everything that was collected, and return the figure."""
        from matplotlib.collections import LineCollection, PolyCollection

        for brush, areas in self._areas.items():
            look: dict[str, Any] = {"facecolor": brush.colour, "alpha": brush.alpha, "zorder": brush.order}
            look |= {"hatch": brush.hatch, "edgecolor": "white"} if brush.hatch else {}
            self._axes.add_collection(PolyCollection(areas, linewidth=0.0, **look), autolim=False)
        for pen, lines in self._lines.items():
            dash = (0, pen.dash) if pen.dash else "solid"
            drawn = LineCollection(lines, colors=pen.colour, linewidths=pen.width, linestyles=[dash], zorder=pen.order)
            self._axes.add_collection(drawn, autolim=False)
        for dot, points in self._dots.items():
            colours: dict[str, Any] = {"markerfacecolor": dot.face, "markeredgecolor": dot.edge, "markeredgewidth": 0.6}
            x, y = zip(*points, strict=True)
            self._axes.plot(x, y, "o", markersize=dot.size, zorder=dot.order, scalex=False, scaley=False, **colours)
        return self._figure


def rectangle(left: float, bottom: float, right: float, top: float) -> list[Point]:
    """List the corners of a rectangle."""
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Choose at most `most` + 1 round numbers within a range."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=most, steps=(1, 2, 2.5, 5, 10)).tick_values(low, high)
    return [float(f"{tick:.10g}") for tick in ticks if low <= tick <= high]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Format numbers with as many decimals as any of them needs."""
    decimals = max((len(f"{tick:.10f}".rstrip("0").partition(".")[2]) for tick in ticks), default=0)
    return [f"{tick + 0.0:.{decimals}f}".replace("-", MINUS) for tick in ticks]


def _share(value: float, limits: tuple[float, float]) -> float:
    return (value - limits[0]) / (limits[1] - limits[0])
