"""Defines the look of all figures and saves them. The same numbers give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.files import write_atomically
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE, WORD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST = "#d9600b"  # dark orange
TIED = "#f9c08d"  # apricot
OTHER = "#c4c4c4"
INK = "#222222"
FAINT = "#8a8a8a"
CLONING = "#2f6fa7"  # blue: differs from the bars for colour-blind readers too, and is darker than the bars in grey

PNG_DPI = 200

STYLE: dict[str, object] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 8.0,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "hatch.linewidth": 0.5,
    "text.color": INK,
    "pdf.fonttype": 42,  # whole TrueType fonts: editable, and what publishers ask for
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "recipe-sweep",
}


class FigurePaths(NamedTuple):
    """One figure in its three formats."""

    png: Path
    pdf: Path
    svg: Path


@contextmanager
def style() -> Iterator[None]:
    """Apply the look of figures inside a `with` block. The user's own matplotlib settings have no effect."""
    import warnings

    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box. A warning with a line of our code would not help the user.
        warnings.filterwarnings("ignore", message="Glyph")
        mpl.rcdefaults()
        for name, value in STYLE.items():
            mpl.rcParams[name] = value  # type: ignore[index]
        yield


def new_figure(width: float, height: float, foot: float, head: float = 0.06, gap: float = 0.05) -> Figure:
    """Make an empty figure (sizes in inches) whose panels are laid out between a head and a foot.

    Head and foot are left to the caller. `gap` is the space between panels, as a share of a panel. Call inside `style()`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    body = (0.005, foot / height, 0.99, 1.0 - (foot + head) / height)
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(rect=body, wspace=gap, hspace=gap))
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, stem: Path, *, rehearsal: bool) -> FigurePaths:
    """Write `stem`.png, .pdf and .svg without dates, so that the same figure gives the same bytes.

    A figure made from a `rehearsal` is stamped, in the picture and in the metadata of each file.
    """
    metadata: dict[str, dict[str, str | None]] = {
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "Creator": "recipe-sweep", "Producer": None},
        ".svg": {"Date": None, "Creator": "recipe-sweep"},
    }

    def write(path: Path) -> None:
        figure.savefig(path, dpi=PNG_DPI, metadata=metadata[path.suffix])

    if rehearsal:
        for description in metadata.values():
            description["Title"] = SENTENCE
    with style():
        if rehearsal:
            stamp(figure)
        _settle(figure)
        paths = [write_atomically(stem.with_name(stem.name + suffix), write) for suffix in metadata]
    return FigurePaths(*paths)


def _settle(figure: Figure) -> None:
    """Lay out once for all three formats, and round the places. A sheet has no layout.

    The layout solver leaves noise in the last digits, which differs between runs. SVG names its clip paths by the places.
    """
    layout = figure.get_layout_engine()
    if layout is None:
        return
    layout.execute(figure)
    figure.set_layout_engine(None)  # not "none", whose placeholder would draw every format twice
    for place in figure.subfigs:
        place.bbox_relative.set_points(place.bbox_relative.get_points().round(6))
    for axes in figure.axes:
        bounds = axes.get_position(original=True).get_points().round(6)
        axes.set_position((bounds[0, 0], bounds[0, 1], bounds[1, 0] - bounds[0, 0], bounds[1, 1] - bounds[0, 1]))


def wrapped(sentences: Sequence[str], width_inches: float, points: float) -> list[str]:
    """Break sentences into lines of this width at this font size. A character of DejaVu Sans is about 0.55 em wide."""
    import textwrap

    return textwrap.wrap(" ".join(sentences), max(20, int(width_inches * 72.0 / (0.53 * points))))


def stamp(figure: Figure) -> None:
    """Write the word across a figure, on top and light enough to read the figure. Call inside `style()`."""
    width, height = figure.get_size_inches()
    points = 72.0 * math.hypot(width, height) / (0.9 * len(WORD))  # a character of the bold face is about 0.8 em wide
    text = figure.text(
        0.5,
        0.5,
        WORD,
        fontsize=points,
        fontweight="bold",
        color="#b00000",
        alpha=0.14,
        rotation=math.degrees(math.atan2(height, width)),
        ha="center",
        va="center",
        zorder=1000,
        in_layout=False,
    )
    text.set_gid(WORD)  # an SVG stores letters as outlines, so the id repeats the word as text
