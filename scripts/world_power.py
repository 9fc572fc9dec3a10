"""Draw how often claims hold as effects grow: `python scripts/world_power.py --sweeps 40 -o power.png`.

Each panel has one true choice, or all three. Only claims that are true there are drawn. At size 0 nothing differs, so every
verdict there is false.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.figures.style import FAINT, PNG_DPI, new_figure, style
from recipe_sweep.analysis.findings.claims import Verdict
from recipe_sweep.sweep.worker.worlds import NULL, SIZES, world_named
from scripts.world_sweeps import Arrays, arrays_of, grid_shape, paper_shape
from scripts.worlds import NAMES, Row, judged_by_arrays, truth

KINDS = {"mix": "Mix is better", "awr": "AWR is better", "td": "TD is worse", "all": "all three"}
"""Beginnings of the names of worlds, with what is true in them."""
WANTED = 0.8
"""Share of sweeps in which a difference of 0.5 should be found."""


class Curve(NamedTuple):
    """One claim in one panel: the share of sweeps in which it has its true verdict, at each size."""

    name: str
    sizes: tuple[float, ...]
    shares: tuple[float, ...]


def rows_of(arrays: Arrays, kind: str, sweeps: int) -> list[Row]:
    """Judge the null world, and one kind of world in every size."""
    return [judged_by_arrays(world_named(name), arrays, sweeps) for name in (NULL, *(f"{kind}-{size:g}" for size in SIZES))]


def curves_of(rows: Sequence[Row]) -> list[Curve]:
    """Make a curve of each claim that has a true verdict in the last row."""
    true = [(name, verdict) for name in NAMES if (verdict := truth(rows[-1].world, name)) is not None]
    return [
        Curve(name, (0.0, *SIZES), tuple(row.share(name, verdict) for row in rows))
        for name, verdict in true
        if any(row.share(name, Verdict.OPEN) < 1.0 for row in rows)
    ]


def draw_power(panels: Sequence[tuple[str, Sequence[Curve]]], path: Path) -> None:
    """Draw a panel for each title with its curves."""
    with style():
        figure = new_figure(2.5 * len(panels), 2.8, foot=0.05, gap=0.05)
        for axes, (title, curves) in zip(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True):
            for curve in curves:
                axes.plot(curve.sizes, curve.shares, linewidth=1.2, marker="o", markersize=2.5, label=curve.name)
            axes.axhline(WANTED, color=FAINT, linewidth=0.6, linestyle=(0, (3, 2)))
            axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
            axes.set_xlabel("size, in units of a run's chance")
            axes.set_ylim(-0.02, 1.02)
            axes.legend(frameon=False, fontsize=5.5)
        figure.axes[0].set_ylabel("share of sweeps with the true verdict")
        figure.savefig(path, dpi=PNG_DPI, metadata={"Software": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the worlds and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=400, help="sweeps of each world")
    parser.add_argument("--seeds", type=int, default=8, help="seeds of the paper's grid")
    parser.add_argument("--grid", help="a grid of yours in place of the paper's")
    parser.add_argument("-o", "--out", type=Path, default=Path("power.png"), help="the figure")
    asked = parser.parse_args(arguments)
    arrays = arrays_of(grid_shape(asked.grid, asked.grid) if asked.grid else paper_shape(asked.seeds))
    panels = [(title, curves_of(rows_of(arrays, kind, asked.sweeps))) for kind, title in KINDS.items()]
    draw_power(panels, asked.out)
    print(f"wrote {asked.out}")


if __name__ == "__main__":
    main()
