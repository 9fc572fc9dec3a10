"""Draws the datasets of one task: returns, lengths of episodes, ranges of actions, and a map of the visited states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.analysis.figures.style import FAINT, INK, PNG_DPI, new_figure, style
from recipe_sweep.analysis.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#d9600b", "#2f6fa7", "#5a9a57", "#8e6bb0", "#7f7f7f", "#c9a227")
RETURN_BINS, LENGTH_BINS = 70, 50
_DASHED = (0, (3, 2))


class DatasetPicture(NamedTuple):
    """Numbers of one dataset, which are one row of the figure."""

    name: str
    returns: NDArray[np.float64]
    """(episodes,)"""
    score: float
    """Normalised mean return."""
    lengths: NDArray[np.int64]
    """(episodes,): in steps"""
    actions: NDArray[np.float64]
    """(components, 7): least, 1 %, 25 %, 50 %, 75 %, 99 %, greatest; without bounds (agents, actions): share of each action"""
    covered: float
    """Share of the map's cells that have a row."""
    cell_counts: NDArray[np.float64]
    """(cells, cells): number of rows in each cell of a map of states, which all datasets share"""
    published_mean: float | None
    """The published mean return; None if none was published."""


class TaskPicture(NamedTuple):
    """Facts that all datasets of a task share."""

    title: str
    agents: int
    horizon: int
    scale: tuple[float, float]
    """Returns that score 0 and 1."""
    bounds: tuple[float, float] | None
    """Bounds of actions. None if actions are chosen among legal ones, so that none has a size."""


def write_dataset_figure(task: TaskPicture, datasets: Sequence[DatasetPicture], path: Path) -> Path:
    """Draw the datasets, one row each, and write a PNG."""
    with style():
        figure = _draw(task, datasets)
        return write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=PNG_DPI, metadata={"Software": None}))


def _draw(task: TaskPicture, datasets: Sequence[DatasetPicture]) -> Figure:
    head = 0.42
    figure = new_figure(9.6, head + 0.45 + 1.3 * len(datasets), foot=0.08, head=head, gap=0.06)
    figure.text(0.012, 0.99, task.title, fontsize=11, fontweight="bold", va="top", parse_math=False)
    grid = figure.subplots(len(datasets), 4, squeeze=False, sharex="col", width_ratios=(1.5, 0.9, 1.25, 0.75))
    everything = np.concatenate([dataset.returns for dataset in datasets])
    low, high = min(everything.min(), task.scale[0]), max(everything.max(), task.scale[1])
    bins = np.linspace(low, max(high, low + 1e-9), RETURN_BINS + 1)
    brightest = max(dataset.cell_counts.max() for dataset in datasets)
    for number, (row, dataset) in enumerate(zip(grid, datasets, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        _returns(row[0], task, dataset, bins, colour)
        _lengths(row[1], task, dataset, colour)
        if task.bounds is None:
            _shares(row[2], dataset, colour)
        else:
            _actions(row[2], task.agents, task.bounds, dataset, colour)
        _map(row[3], dataset, brightest, colour)
    for axes, title in zip(
        grid[0], ("returns of episodes", "lengths of episodes", "actions", "where it has been"), strict=True
    ):
        axes.annotate(title, (0.0, 1.0), (0, 16), "axes fraction", textcoords="offset points", fontsize=8, color=FAINT)
    for value, score in zip(task.scale, (0, 1), strict=True):
        place = (value, 1.0)
        grid[0, 0].annotate(
            f"score {score}", place, (0, 2), grid[0, 0].get_xaxis_transform(), textcoords="offset points", ha="center",
            fontsize=6.5, color=FAINT,
        )  # fmt: skip
    parts = "actions" if task.bounds is None else "components"
    for axes, label in zip(grid[-1], ("return", "steps", f"agent: its {parts} side by side", ""), strict=True):
        axes.set_xlabel(label)
    return figure


def _returns(axes: Axes, task: TaskPicture, dataset: DatasetPicture, bins: NDArray[np.float64], colour: str) -> None:
    counts, _ = np.histogram(dataset.returns, bins)
    axes.stairs(counts, bins, fill=True, color=colour, linewidth=0)
    for value in task.scale:
        axes.axvline(value, color=FAINT, linewidth=0.8, linestyle=_DASHED, zorder=0)
    mean = float(dataset.returns.mean())
    axes.axvline(mean, color=INK, linewidth=0.9)
    axes.set_ylim(0, 1.12 * counts.max())
    if dataset.published_mean is not None:
        place = (dataset.published_mean, 1.0)
        axes.plot(*place, marker="v", markersize=5, color=INK, clip_on=False, transform=axes.get_xaxis_transform())
    axes.set_yticks([])
    axes.set_ylabel(dataset.name, fontsize=9, fontweight="bold", color=colour)
    left = mean > (bins[0] + bins[-1]) / 2  # the text goes to the side without bars
    published = "" if dataset.published_mean is None else f"\n\u25bc published {dataset.published_mean:,.1f}"
    text = f"mean {mean:,.1f}, score {dataset.score:z.2f}\n{len(dataset.returns):,} episodes{published}"
    _note(axes, text, left)


def _lengths(axes: Axes, task: TaskPicture, dataset: DatasetPicture, colour: str) -> None:
    weights = np.full(len(dataset.lengths), 1.0 / len(dataset.lengths))
    counts, edges = np.histogram(dataset.lengths, LENGTH_BINS, (0, 1.02 * task.horizon), weights=weights)
    axes.stairs(counts, edges, fill=True, color=colour, linewidth=0)
    axes.set_xlim(0, 1.04 * task.horizon)
    axes.set_ylim(0, 1.12 * counts.max())
    axes.set_yticks([])
    least, greatest = int(dataset.lengths.min()), int(dataset.lengths.max())
    whole = float((dataset.lengths == task.horizon).mean())
    text = f"all {least:,}" if least == greatest else f"{least:,} to {greatest:,}\n{whole:.0%} last to the end"
    _note(axes, text, left=float(dataset.lengths.mean()) > task.horizon / 2)


def _shares(axes: Axes, dataset: DatasetPicture, colour: str) -> None:
    """Draw how often each agent takes each action, as bars side by side."""
    agents, each = dataset.actions.shape
    axes.bar(np.arange(agents * each), dataset.actions.ravel(), 0.8, color=colour, linewidth=0)
    _set_agents(axes, agents, each)
    axes.set_ylim(0.0, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0], ["0", "50 %", "100 %"])


def _set_agents(axes: Axes, agents: int, each: int) -> None:
    """Number the agents below an axis that has the components of one after those of another."""
    for border in range(each, agents * each, each):
        axes.axvline(border - 0.5, color="#dddddd", linewidth=0.6, zorder=0)
    axes.set_xticks([(agent + 0.5) * each - 0.5 for agent in range(agents)], [str(agent) for agent in range(agents)])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, agents * each - 0.4)


def _actions(axes: Axes, agents: int, bounds: tuple[float, float], dataset: DatasetPicture, colour: str) -> None:
    """Draw the range of each component: middle half (thick), 98 of 100 (thin), extremes (ticks) and median (black)."""
    places = np.arange(len(dataset.actions))
    least, low, lower, middle, upper, high, greatest = dataset.actions.T
    for bound in bounds:
        axes.axhline(bound, color=FAINT, linewidth=0.8, linestyle=_DASHED, zorder=0)
    axes.vlines(places, low, high, color=colour, linewidth=1.0)
    axes.bar(places, upper - lower, 0.36, lower, color=colour, linewidth=0)
    for extreme in (least, greatest):
        axes.plot(places, extreme, linestyle="", marker="_", markersize=4, markeredgewidth=1.0, color=colour)
    axes.hlines(middle, places - 0.18, places + 0.18, color=INK, linewidth=1.2)
    _set_agents(axes, agents, len(dataset.actions) // agents)
    room = 0.12 * (bounds[1] - bounds[0])
    axes.set_ylim(bounds[0] - room, bounds[1] + room)
    axes.set_yticks([bounds[0], sum(bounds) / 2, bounds[1]])


def _map(axes: Axes, dataset: DatasetPicture, brightest: float, colour: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    shades = LinearSegmentedColormap.from_list("shades", ["#ffffff", colour, "#111111"]).with_extremes(bad="#f6f6f6")
    counts = np.where(dataset.cell_counts > 0, dataset.cell_counts, np.nan).T
    axes.imshow(
        counts, origin="lower", cmap=shades, norm=LogNorm(0.3, max(brightest, 1.0)), aspect="auto", interpolation="none"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{dataset.covered:.0%} of the cells", fontsize=7, color=INK, pad=2)


def _note(axes: Axes, text: str, left: bool) -> None:
    place = (0.02, 0.95) if left else (0.98, 0.95)
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    side = "left" if left else "right"
    axes.text(*place, text, transform=axes.transAxes, fontsize=6.5, va="top", ha=side, color=INK, bbox=behind)
