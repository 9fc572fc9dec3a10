"""Draw the learning curves of the package's behaviour policies: `python -m scripts.behaviour_curves -o FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.analysis.figures.style import BEST, CLONING, FAINT, INK, PNG_DPI, new_figure, style
from recipe_sweep.trainers.behaviour.library import Kept, Record, record_of
from recipe_sweep.trainers.environments.mujoco_robots import ANT, HALF_CHEETAH, HOPPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {ANT: "2ant", HOPPER: "3hopper", HALF_CHEETAH: "6halfcheetah"}
PUBLISHED = {ANT: 2055.07, HOPPER: 2452.02, HALF_CHEETAH: 2785.10}
"""Mean returns of the published Expert datasets."""


def draw() -> Figure:
    """Draw one panel per robot: return with and without exploration noise, and the checkpoints that were kept."""
    with style():
        figure = new_figure(7.6, 2.85, foot=0.28, gap=0.05)
        for axes, (robot, title) in zip(figure.subplots(1, 3), TITLES.items(), strict=True):
            _panel(axes, record_of(robot), title, PUBLISHED[robot])
        figure.axes[0].set_ylabel("return")
        handles, labels = figure.axes[-1].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=6.5, loc="lower center", ncols=len(labels))
    return figure


def _panel(axes: Axes, record: Record, title: str, published: float) -> None:
    curve = record.training.curve
    steps = [point.steps / 1e6 for point in curve]
    for other in record.others:
        label = "other seeds" if other is record.others[0] else None
        axes.plot(
            [p.steps / 1e6 for p in other.curve], [p.mean for p in other.curve], color="#d5d5d5", linewidth=0.8, label=label
        )
    axes.plot(steps, [point.mean for point in curve], color=INK, linewidth=1.2, label="without noise, 10 episodes")
    noisy = [(point.steps / 1e6, point.noisy_mean) for point in curve if point.noisy_mean is not None]
    axes.plot(*zip(*noisy, strict=True), color=FAINT, linewidth=0.8, label="while learning")
    axes.axhline(published, color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)), label="published Expert data")
    for kept, colour in ((record.medium, CLONING), (record.expert, BEST)):
        _mark(axes, kept, colour)
    axes.set_title(f"{title}, seed {record.training.seed}", fontsize=9, fontweight="bold", loc="left")
    axes.set_xlabel("million environment steps")


def _mark(axes: Axes, kept: Kept, colour: str) -> None:
    """Mark a kept policy's mean return and standard deviation, when it acts as it does in the data."""
    axes.errorbar(
        kept.steps / 1e6, kept.mean, kept.std, fmt="o", color=colour, markersize=4, elinewidth=1.0, capsize=2.0, zorder=5,
        label=f"{kept.name} data",
    )  # fmt: skip


def main() -> None:
    """Draw the figure and write it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.behaviour_curves", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/behaviour_curves.png"))
    draw().savefig(parser.parse_args().out, dpi=PNG_DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()
