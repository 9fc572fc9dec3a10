"""Sets the scale of an axis: linear, logarithmic, or both (asinh)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recipe_sweep.analysis.results.curves import LINEAR_WITHIN, Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def set_scale(axes: Axes, scale: Scale) -> None:
    """Set the scale of the vertical axis, with readable ticks."""
    if scale is Scale.ASINH:
        axes.set_yscale("asinh", linear_width=LINEAR_WITHIN)
        _label_powers(axes)
    if scale is Scale.LOG:
        axes.set_yscale("log")
        _label_decades(axes)


def _label_powers(axes: Axes) -> None:
    """Label 0 and the powers of ten outside the linear range. Matplotlib's own labels would overlap."""
    from matplotlib.ticker import NullLocator

    powers = range(round(math.log10(LINEAR_WITHIN)), 31)
    labels = {sign * 10.0**power: f"${'-' * (sign < 0)}10^{{{power}}}$" for power in powers for sign in (-1, 1)} | {0.0: "0"}
    low, high = axes.get_ylim()
    ticks = sorted(tick for tick in labels if low <= tick <= high)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(ticks, [labels[tick] for tick in ticks])


def _label_decades(axes: Axes) -> None:
    """Label powers of ten if the axis has several, else plain numbers between them too."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_ylim()
    if high / low >= 100.0:
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_formatter(plain)
