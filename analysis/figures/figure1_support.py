"""Figure 1: BRAC's actions leave the support of the data, AWR's stay inside, with their returns (paper 1).

Actions are the policies' means before clipping. A policy is evaluated at transitions of its own dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS, Floats
from recipe_sweep.analysis.estimators.support import (
    NEIGHBOURS,
    distance_to_data,
    hull,
    neighbours,
    outside,
    spans_a_plane,
)
from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers, alike
from recipe_sweep.analysis.figures.style import FAINT, INK, new_figure, style, wrapped
from recipe_sweep.analysis.number_text import short
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import ActionSample, Lacking, PolicyActions

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (Decomposition.CEN, Decomposition.VDN, Decomposition.DEC)
LEARNER = ValueLearning.TD
EXTRACTIONS = (Extraction.BRAC, Extraction.AWR)
SHOWN_AGENT = 0
MOST_DOTS = 500


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw Figure 1, if policies of BRAC and AWR were kept and their data are available."""
    kept = material.learned.kept(critics=False)
    if isinstance(kept, Lacking):
        return kept
    shown = shown_runs(kept)
    if not shown:
        return Lacking("no dataset has finished TD runs of Cen, VDN or Dec with both BRAC and AWR, their weights kept")
    sample = material.learned.actions(shown)
    if isinstance(sample, Lacking):
        return sample
    if sample.actions.shape[-1] < 2:
        return Lacking("actions of one component span no plane")
    others = sample.other_actions
    if len(others) < NEIGHBOURS:
        compared = f"it compares {len(sample.actions):,} transitions of the data with others"
        return Lacking(f"{compared}, and {sample.task}/{sample.dataset} has only {len(others):,} others")
    if not all(spans_a_plane(others[:, agent, :2]) for agent in range(others.shape[1])):
        return Lacking(f"the actions of {sample.task}/{sample.dataset} lie on one line")
    measured = support_frame(sample).merge(material.results.runs[["run_id", "score"]], on="run_id")
    means = measured.groupby("extraction")[["outside_hull", "score"]].mean()
    parts = [f"{Extraction.of(str(e)).display_name} {row['outside_hull']:.0%}" for e, row in means.iterrows()]
    says = f"Actions outside the data's convex hull: {', '.join(parts)}. {_title(sample)}."
    numbers = (Numbers("figure1", measured.drop(columns="run_id")), Numbers("figure1_actions", _dots_frame(sample)))
    return (Drawing("figure1", _draw(sample, measured), says, numbers),)


def shown_runs(points: Sequence[DesignPoint]) -> tuple[DesignPoint, ...]:
    """Choose the runs of the figure: TD under Cen, VDN and Dec with BRAC and AWR, on the first dataset that has both.

    If there are several temperatures, the one is chosen that gives values the most weight.
    """
    able = [p for p in points if p.value_learning is LEARNER and p.decomposition in SHOWN and not _is_discrete(p)]
    for group in alike(able):
        alphas = {
            extraction: [p.alpha for p in group if p.extraction is extraction and p.alpha is not None]
            for extraction in EXTRACTIONS
        }
        if all(alphas.values()):
            chosen = {extraction: extraction.boldest(alphas[extraction]) for extraction in EXTRACTIONS}
            return tuple(p for p in group if p.alpha == chosen.get(p.extraction))
    return ()


def _is_discrete(point: DesignPoint) -> bool:
    """Tell whether a point's actions are discrete, so that they have no hull."""
    return point.task in TASKS and TASKS[point.task].discrete


def support_frame(sample: ActionSample) -> pd.DataFrame:
    """Tabulate one row per run and agent: shares of actions outside the support, and distances to the data's actions.

    `outside_hull` uses the first two components, `outside_bounds` any component. Distances are medians to the actions of the
    nearest transitions; `distance_of_data` is that of the data's own actions.
    """
    import pandas as pd

    low, high = sample.bounds
    rows = []
    for agent in range(sample.actions.shape[1]):
        others = sample.other_actions[:, agent]
        region = hull(others[:, :2])
        near = neighbours(sample.observations[:, agent], sample.other_observations[:, agent])
        own = float(np.median(distance_to_data(sample.actions[:, agent], near, others)))
        for policy in sample.policies:
            mu = policy.mu[:, agent]
            rows.append(
                {
                    "run_id": policy.run_id,
                    "decomposition": policy.decomposition.value,
                    "extraction": policy.extraction.value,
                    "alpha": policy.alpha,
                    "seed": policy.seed,
                    "agent": agent,
                    "outside_hull": outside(region, mu[:, :2]).mean(),
                    "outside_bounds": ((mu < low) | (mu > high)).any(axis=1).mean(),
                    "distance": float(np.median(distance_to_data(mu, near, others))),
                    "distance_of_data": own,
                }
            )
    return pd.DataFrame(rows)


def _shown(sample: ActionSample) -> list[PolicyActions]:
    """Choose the policies whose actions are drawn: those of the lowest seed."""
    seed = min(policy.seed for policy in sample.policies)
    return [policy for policy in sample.policies if policy.seed == seed]


def _dots_frame(sample: ActionSample) -> pd.DataFrame:
    """Tabulate the drawn actions, one row per transition: of the data, then of each policy."""
    import pandas as pd

    columns = {"data": sample.actions}
    columns |= {f"{policy.decomposition}_{policy.extraction}": policy.mu for policy in _shown(sample)}
    return pd.DataFrame(
        {f"{name}_{axis}": values[:MOST_DOTS, SHOWN_AGENT, axis] for name, values in columns.items() for axis in (0, 1)}
    )


def _title(sample: ActionSample) -> str:
    return f"{TASKS[sample.task].title}, {sample.dataset}: TD"


def _draw(sample: ActionSample, measured: pd.DataFrame) -> Figure:
    shown = _shown(sample)
    rows = [name for name in Decomposition.members() if any(policy.decomposition is name for policy in shown)]
    lines = wrapped([_note(sample, measured)], 7.0, 6.8)
    foot = 0.2 + 0.13 * len(lines)
    height = 1.72 * len(rows) + 0.62 + foot
    with style():
        figure = new_figure(7.2, height, foot, gap=0.04)
        figure.suptitle(_title(sample), fontsize=8.5, fontweight="bold")
        left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1.0), squeeze=False)[0]
        cells = left.subplots(len(rows), 2, sharex=True, sharey=True, squeeze=False)
        region = hull(sample.other_actions[:, SHOWN_AGENT, :2])
        outline = region.points[np.append(region.vertices, region.vertices[0])]
        limits = _limits(sample, shown)
        for policy in shown:
            row, column = rows.index(policy.decomposition), Extraction.place(policy.extraction)
            _dots(cells[row, column], sample, policy, outline, limits, _of(measured, policy))
            if row == 0:
                cells[row, column].set_title(
                    f"{policy.extraction.display_name}, \N{GREEK SMALL LETTER ALPHA} {short(policy.alpha)}",
                    fontsize=8,
                    pad=13,
                )
        for cell, name in zip(cells[:, 0], rows, strict=True):
            cell.set_ylabel(f"{name.display_name}\naction component 1", fontsize=7)
        for cell in cells[-1]:
            cell.set_xlabel("action component 0", fontsize=7)
        above, below = right.subplots(2, 1, sharex=True)
        _bars(above, measured, rows, "score", "normalised return")
        _bars(below, measured, rows, "distance", "median distance to the data's actions")
        own = float(measured["distance_of_data"].mean())
        below.axhline(own, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label="the data's own")
        below.set_ylim(top=1.25 * max(own, float(measured["distance"].max())))
        below.legend(handles=below.lines[-1:], frameon=False, fontsize=7, loc="upper right")
        above.legend(frameon=False, fontsize=7, loc="best")
        figure.text(0.012, 0.07 / height, "\n".join(lines), fontsize=6.8, va="bottom", linespacing=1.3)
    return figure


def _of(measured: pd.DataFrame, policy: PolicyActions) -> float:
    row = measured[(measured["run_id"] == policy.run_id) & (measured["agent"] == SHOWN_AGENT)]
    return float(row["outside_hull"].item())


def _limits(sample: ActionSample, shown: Sequence[PolicyActions]) -> tuple[float, float]:
    """Compute limits that hold the bounds and 99 % of the dots. So one far policy does not shrink the others."""
    drawn = np.concatenate([policy.mu[:MOST_DOTS, SHOWN_AGENT, :2].ravel() for policy in shown])
    low, high = np.quantile(drawn, (0.005, 0.995))
    low, high = min(low, sample.bounds[0]), max(high, sample.bounds[1])
    room = 0.06 * (high - low)
    return float(low - room), float(high + room)


def _dots(
    axes: Axes, sample: ActionSample, policy: PolicyActions, outline: Floats, limits: tuple[float, float], share: float
) -> None:
    colour, marker = policy.extraction.colour, policy.extraction.marker
    axes.fill(*outline.T, facecolor="#ececec", edgecolor=INK, linewidth=0.8, zorder=0)
    data = sample.actions[:MOST_DOTS, SHOWN_AGENT, :2]
    axes.plot(*data.T, ".", markersize=1.6, color=FAINT, markeredgewidth=0, zorder=1)
    mu = policy.mu[:MOST_DOTS, SHOWN_AGENT, :2]
    axes.plot(*mu.T, marker, markersize=2.2, markerfacecolor="none", markeredgecolor=colour, markeredgewidth=0.5, zorder=2)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=6.5)
    axes.text(0.5, 1.01, f"{share:.0%} outside the hull", transform=axes.transAxes, fontsize=6.5, va="bottom", ha="center")


def _bars(axes: Axes, measured: pd.DataFrame, rows: Sequence[Decomposition], column: str, title: str) -> None:
    """Draw one group per decomposition: the mean over seeds as a bar, each seed as a dot."""
    axes.set_title(title, fontsize=8)
    for number, extraction in enumerate(EXTRACTIONS):
        colour, marker = extraction.colour, extraction.marker
        hatch = None if number == 0 else "////"
        chosen = measured[measured["extraction"] == extraction.value]
        for place, name in enumerate(rows):
            seeds = chosen[chosen["decomposition"] == name.value].groupby("seed")[column].mean().to_numpy()
            x = place + 0.38 * (number - 0.5)
            label = extraction.display_name if place == 0 else None
            axes.bar(x, seeds.mean(), 0.34, color=colour, hatch=hatch, edgecolor="white", linewidth=0, label=label)
            offsets = np.linspace(-0.1, 0.1, len(seeds)) if len(seeds) > 1 else np.zeros(1)
            axes.plot(
                x + offsets, seeds, marker, markersize=2.6, markerfacecolor="white", markeredgecolor=INK,
                markeredgewidth=0.6, linestyle="",
            )  # fmt: skip
    axes.set_xticks(range(len(rows)), [name.display_name for name in rows])
    axes.axhline(0.0, color=INK, linewidth=0.6)
    axes.grid(axis="y", linewidth=0.35, color="#dddddd")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=6.5)


def _note(sample: ActionSample, measured: pd.DataFrame) -> str:
    seeds = measured["seed"].nunique()
    few = "" if seeds >= FEWEST_SEEDS else f" Under {FEWEST_SEEDS} seeds the bars say little."
    return (
        f"Left: what the policies of one seed do (means before clipping, {len(_dots_frame(sample)):,} transitions, agent "
        f"{SHOWN_AGENT + 1} of {sample.actions.shape[1]}); grey dots: the data's actions; shaded: their convex hull; the "
        f"outermost hundredth may lie outside the picture. Right: bars are means over {seeds} seeds, which are drawn as well; "
        f"distance: to the nearest action in the {NEIGHBOURS} transitions with the most similar observations (of "
        f"{len(sample.other_actions):,} others), all agents.{few}"
    )
