"""How often Figure 7's intervals contain the truth, as a Markdown table: `python scripts/interval_coverage.py --sweeps 2000`.

Sweeps are of the paper's 24 designs on the 4 datasets of a task. `single` is the share of bars whose own 95 % interval contains
the bar's truth. `family` is the share of panels in which the intervals of all drawn differences to the best do. `behind` is
the share of panels with a bar that is called behind, which is false where nothing differs. A star marks a coverage that is not
as asked.

The truth of a bar is the mean of its score over all sweeps. It is the true mean of what half of the seeds would choose.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.panels import Panel, Range
from recipe_sweep.sweep.worker.worlds import UNIT, Chance, World, world_named
from scripts.world_sweeps import Arrays, Shape, arrays_of, blocks_of, paper_shape

SINGLE = (0.93, 0.97)
"""Coverage that is asked for with normal chance."""
SINGLE_OF_SKEWED = 0.9
"""Least coverage that is asked for with other chance, from 8 seeds on."""
FAMILY = 0.93
WORLDS = ("null", "exponential", "collapse", "as-paper")


class Row(NamedTuple):
    """Shares of many sweeps of one world and shape."""

    world: World
    seeds: int
    configurations: int
    single: float
    family: float
    behind: float
    width: float
    """median width of single intervals, in units of a run's chance"""
    seconds: float


def measure(world: World, seeds: int, configurations: int, sweeps: int) -> Row:
    """Draw sweeps of a world and compare their intervals with the truth."""
    began = time.process_time()
    arrays = arrays_of(one_task(paper_shape(seeds, configurations, configurations)))
    panels = [_panels(arrays, world, number) for number in range(sweeps)]
    scores = np.array([[[bar.score for bar in panel.bars] for panel in sweep] for sweep in panels])
    single = np.array([[[_ends(bar.interval) for bar in panel.bars] for panel in sweep] for sweep in panels])
    differences = np.array([[[_ends(bar.difference) for bar in panel.bars] for panel in sweep] for sweep in panels])
    best = np.array([[_best(panel) for panel in sweep] for sweep in panels])[..., None]
    truth = np.broadcast_to(scores.mean(axis=0), scores.shape)
    true_difference = truth - np.take_along_axis(truth, best, axis=-1)
    behind = [[any(bar.mark is Mark.BEHIND for bar in panel.bars) for panel in sweep] for sweep in panels]
    return Row(
        world,
        seeds,
        configurations,
        float(_held(single, truth)[np.isfinite(single[..., 0])].mean()),
        float((_held(differences, true_difference) | np.isnan(differences[..., 0])).all(axis=-1).mean()),
        float(np.mean(behind)),
        float(np.nanmedian(single[..., 1] - single[..., 0]) / UNIT),
        time.process_time() - began,
    )


def one_task(shape: Shape) -> Shape:
    """Keep the points of the shape's first task."""
    return Shape(shape.name, tuple(point for point in shape.points if point.task == shape.points[0].task))


def _panels(arrays: Arrays, world: World, number: int) -> tuple[Panel, ...]:
    (block,) = blocks_of(arrays.filled(world, number))
    return block.cells


def _best(panel: Panel) -> int:
    return next(place for place, bar in enumerate(panel.bars) if bar is panel.best)


def _ends(interval: Range | None) -> tuple[float, float]:
    return (np.nan, np.nan) if interval is None else interval


def _held(intervals: Floats, truth: Floats) -> Floats:
    held: Floats = (intervals[..., 0] <= truth) & (truth <= intervals[..., 1])
    return held


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Write rows as a Markdown table."""
    header = ("world", "seeds", "configurations", "single", "family", "behind", "width")
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for row in rows:
        single = f"{row.single:.3f}{'' if _as_asked(row) else '*'}"
        family = f"{row.family:.3f}{'' if row.family >= FAMILY else '*'}"
        cells = (row.world.name, row.seeds, row.configurations, single, family, f"{row.behind:.3f}", f"{row.width:.3f}")
        yield f"| {' | '.join(map(str, cells))} |"


def _as_asked(row: Row) -> bool:
    if row.world.chance is Chance.NORMAL:
        return SINGLE[0] <= row.single <= SINGLE[1]
    return row.seeds < 8 or row.single >= SINGLE_OF_SKEWED


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows that were asked for, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=200, help="sweeps of each row")
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS), help="names of worlds")
    parser.add_argument("--seeds", nargs="+", type=int, default=[4, 8], help="numbers of seeds")
    parser.add_argument("--configurations", nargs="+", type=int, default=[1, 4, 8], help="temperatures of each design")
    parser.add_argument("-o", "--out", type=Path, help="write the table to this file, row by row")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for name, seeds, configurations in product(options.worlds, options.seeds, options.configurations):
        rows.append(measure(world_named(name), seeds, configurations, options.sweeps))
        text = "\n".join(table(rows)) + "\n"
        if options.out is not None:
            options.out.write_text(text, encoding="utf-8")
        print(text.splitlines()[-1], f"{rows[-1].seconds:.0f} s", flush=True, file=sys.stderr)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
