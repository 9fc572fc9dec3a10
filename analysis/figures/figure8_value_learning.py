"""Figure 8: values of the data's actions under TD, SARSA and IQL, for each agent (paper 5.2).

Under Mix the scale of one agent's values has no meaning, so the colours of each panel are standardised.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers, alike
from recipe_sweep.analysis.figures.style import INK, new_figure, style, wrapped
from recipe_sweep.analysis.number_text import short
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import Lacking, LearnedQ, ValueSample

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

UNDER = (Decomposition.MIX, Extraction.AWR)
LEARNERS = (ValueLearning.TD, ValueLearning.SARSA, ValueLearning.IQL)
MOST_AGENTS, MOST_DOTS = 2, 800
SHADES = ("#12245c", "#7f8fc0", "#e9e4df", "#f9c08d", "#e8872b")  # dark blue low, apricot high: their lightness rises
PANEL_INCHES = 1.75
FLATTEST = 0.3
"""Smallest ratio of a panel's height to its width."""
HIGH = 1.5
"""A value so many standard deviations above the mean counts as high."""


class Likeness(NamedTuple):
    """Rank correlations of the values of two value learners: of Q_a (mean over agents) and of the total."""

    first: ValueLearning
    second: ValueLearning
    per_agent: float
    total: float


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 8, if critics of Mix under all three value learners were kept and their data are available."""
    kept = material.learned.kept(critics=True)
    if isinstance(kept, Lacking):
        return kept
    shown = shown_runs(kept)
    if not shown:
        return Lacking("no dataset has finished runs of Mix with AWR under TD, SARSA and IQL, their critics kept")
    sample = material.learned.values(shown)
    if isinstance(sample, Lacking):
        return sample
    if sample.actions.shape[-1] < 2:
        return Lacking("actions of one component span no plane")
    alike = likeness(sample.learned)
    says = f"Learned values of the data's actions. {_ranks(alike)}"
    return (Drawing("figure8", _draw(sample, alike), says, (Numbers("figure8", values_frame(sample)),)),)


def shown_runs(points: Sequence[DesignPoint]) -> tuple[DesignPoint, ...]:
    """Choose the runs of the figure: Mix with AWR, one for each value learner, on the first dataset that has all of them.

    If there are several runs, the one with the lowest seed is chosen, then lowest temperature, then highest expectile.
    """
    able = [p for p in points if (p.decomposition, p.extraction) == UNDER and p.alpha != p.extraction.cloning_alpha]
    for group in alike(able):
        if {p.value_learning for p in group} >= set(LEARNERS):
            ordered = sorted(group, key=lambda p: (p.seed, p.alpha or 0.0, -(p.tau or 0.0)))
            return tuple(next(p for p in ordered if p.value_learning is learner) for learner in LEARNERS)
    return ()


def likeness(learned: Sequence[LearnedQ]) -> tuple[Likeness, ...]:
    """Compare every pair of value learners."""
    from scipy.stats import spearmanr

    def rank(a: Floats, b: Floats) -> float:
        return float(spearmanr(a, b).statistic)

    return tuple(
        Likeness(
            a.value_learning,
            b.value_learning,
            float(np.mean([rank(x, y) for x, y in zip(a.q.T, b.q.T, strict=True)])),
            rank(a.total, b.total),
        )
        for a, b in combinations(learned, 2)
    )


def values_frame(sample: ValueSample) -> pd.DataFrame:
    """Tabulate the values as learned, not standardised: one row per transition and agent."""
    import pandas as pd

    count, agents, _ = sample.actions.shape
    columns: dict[str, object] = {
        "transition": np.repeat(np.arange(count), agents),
        "agent": np.tile(np.arange(agents), count),
        "action_0": sample.actions[..., 0].ravel(),
        "action_1": sample.actions[..., 1].ravel(),
    }
    for one in sample.learned:
        columns[f"q_{one.value_learning}"] = one.q.ravel()
        columns[f"total_{one.value_learning}"] = np.repeat(one.total, agents)
    return pd.DataFrame(columns)


def _draw(sample: ValueSample, alike: Sequence[Likeness]) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("values", list(SHADES))
    agents = min(MOST_AGENTS, sample.actions.shape[1])
    lines = wrapped([_note(sample, alike)], 6.8, 6.8)
    foot = 0.2 + 0.13 * len(lines)
    # Both components have the same scale, and a row is as high as its agent's actions need. So no panel is half empty.
    places = sample.actions[:MOST_DOTS, :agents, :2]
    reach = [_reach(places[:, agent, 1]) for agent in range(agents)]
    across = _reach(places[..., 0])
    spans = [max(high - low, FLATTEST * (across[1] - across[0])) for low, high in reach]
    height = PANEL_INCHES * sum(spans) / (across[1] - across[0]) + 0.2 * agents + 0.6 + foot
    with style():
        figure = new_figure(7.0, height, foot, gap=0.03)
        figure.suptitle(f"{TASKS[sample.task].title}, {sample.dataset}: Mix", fontsize=8.5, fontweight="bold")
        cells = figure.subplots(agents, len(sample.learned), sharex=True, sharey="row", squeeze=False, height_ratios=spans)
        for row, (low, high), span in zip(cells, reach, spans, strict=True):
            air = (span - (high - low)) / 2.0
            row[0].set(xlim=across, ylim=(low - air, high + air))
        drawn: PathCollection | None = None
        for row, of_agent in enumerate(cells):
            for cell, one in zip(of_agent, sample.learned, strict=True):
                drawn = _dots(cell, sample.actions[:, row, :2], standardised(one.q[:, row]), shades)
                if row == 0:
                    tau = "" if one.tau is None else f", \N{GREEK SMALL LETTER TAU} {short(one.tau)}"
                    cell.set_title(f"{one.value_learning.display_name}{tau}", fontsize=8)
        for row in range(agents):
            cells[row, 0].set_ylabel(f"agent {row + 1}\naction component 1", fontsize=7)
        for cell in cells[-1]:
            cell.set_xlabel("action component 0", fontsize=7)
        assert drawn is not None
        bar = figure.colorbar(drawn, ax=cells, shrink=0.6, aspect=30, extend="both")
        bar.set_label("Q of the agent, standardised", fontsize=7)
        bar.ax.tick_params(labelsize=6.5, color=INK)
        figure.text(0.012, 0.07 / height, "\n".join(lines), fontsize=6.8, va="bottom", linespacing=1.3)
    return figure


def _reach(values: Floats) -> tuple[float, float]:
    """Compute the range of values, with a margin."""
    low, high = float(values.min()), float(values.max())
    air = 0.06 * (high - low) or 0.06
    return low - air, high + air


def _dots(axes: Axes, places: Floats, values: Floats, shades: Colormap) -> PathCollection:
    places, values = places[:MOST_DOTS], values[:MOST_DOTS]
    order = np.argsort(values, kind="stable")  # the highest on top
    axes.set_aspect("equal")
    axes.tick_params(labelsize=6.5)
    x, y = places[order].T
    return axes.scatter(x, y, s=5, c=values[order], cmap=shades, vmin=-2, vmax=2, linewidths=0)


def standardised(q: Floats) -> Floats:
    """Scale values to zero mean and unit deviation. If all are equal, the result is zeros."""
    spread = q.std()
    centred: Floats = q - q.mean()
    return centred / spread if spread > 0.0 else centred


def _ranks(alike: Sequence[Likeness]) -> str:
    parts = [f"{p.first.display_name} and {p.second.display_name} {p.per_agent:.2f} (total {p.total:.2f})" for p in alike]
    return f"Rank correlations of Q between {'; '.join(parts)}."


def _note(sample: ValueSample, alike: Sequence[Likeness]) -> str:
    high = [
        f"{one.value_learning.display_name} {np.mean([(standardised(q) > HIGH).mean() for q in one.q.T]):.1%}"
        for one in sample.learned
    ]
    first = sample.learned[0]
    return (
        f"Each point: an action of the data ({min(MOST_DOTS, len(sample.actions)):,} of {len(sample.actions):,} transitions). "
        f"Colour: the value from the agent's critic, standardised within the panel; one run each, "
        f"seed {first.seed}, AWR \N{GREEK SMALL LETTER ALPHA} {short(first.alpha)}. {_ranks(alike)} "
        f"More than {HIGH:g} deviations above the mean: {', '.join(high)}."
    )
