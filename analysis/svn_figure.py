"""Training of one design under each normalisation of critic and actor (after the paper's Figures 3 to 6).

Under `svn` and `svn_both` the critic's loss is divided by sigma squared, so its gradient norm is drawn times sigma squared:
Adam does not feel a constant factor on a loss, and raw norms of differently scaled losses do not compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.drawing import (
    BEST,
    DECOMPOSITION_NAMES,
    EXTRACTION_NAMES,
    INK,
    VALUE_LEARNING_NAMES,
    FigurePaths,
    new_figure,
    save,
    style,
    wrapped,
)
from analysis.frame import Results, load_diagnostics
from analysis.statistics import FEWEST_SEEDS, Floats
from search_spaces.tasks import TASKS
from search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FIGURES = 8
"""A grid may vary the normalisation under many designs; only the first so many are drawn."""


class Quantity(NamedTuple):
    """One panel: a column of the curves and how it is drawn."""

    column: str
    title: str
    logarithmic: bool


QUANTITIES = (
    Quantity("q_max_abs", "largest |Q| of a batch", True),
    Quantity("td_loss", "TD loss, before division by \N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO}", True),
    Quantity(
        "gradient",
        "critic's gradient norm (\N{MULTIPLICATION SIGN} \N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO} under SVN)",
        True,
    ),
    Quantity("smaller_head", "how often the same head is the smaller", False),
    Quantity("head_gap", "gap between the two heads", True),
    Quantity("score", "normalised return", False),
)
_RECORDED = ("q_max_abs", "td_loss", "sigma", "grad_norm/critic", "head_share", "head_gap")
_DIVIDED = (CriticNorm.SVN.value, CriticNorm.SVN_BOTH.value)
_GROUP = ["task", "dataset", "decomposition", "value_learning", "extraction", "alpha", "tau"]
_COLOURS = {CriticNorm.NONE: INK, CriticNorm.SVN: BEST, CriticNorm.SVN_BOTH: "#e8a200", CriticNorm.MIN: "#2f6db3"}
_DASHES: dict[ActorNorm, Any] = {ActorNorm.ABSMEAN: "-", ActorNorm.NONE: (0, (3, 1.5))}


class Band(NamedTuple):
    """A line over steps with its band; NaN where there is none."""

    steps: Floats
    middle: Floats
    low: Floats
    high: Floats


def write_svn_figure(results_dir: Path, results: Results, wanted: pd.DataFrame, out_dir: Path) -> tuple[FigurePaths, ...]:
    """Draw `svn_ablation` for every design whose normalisation the sweep varies; none where it varies none."""
    runs = results.runs.merge(wanted[["run_id", "steps"]], on="run_id")
    # All at once: the paper's sweep has 2,048 groups, and most sweeps vary nothing.
    norms = runs[[*_GROUP, "critic_norm", "actor_norm"]].drop_duplicates()
    runs = runs.merge(norms[norms.duplicated(_GROUP)][_GROUP].drop_duplicates(), on=_GROUP)
    if runs.empty:
        return ()
    varied = list(runs.groupby(_GROUP, dropna=False, sort=True))[:MOST_FIGURES]
    run_ids = [run_id for _, group in varied for run_id in group["run_id"]]
    diagnostics = load_diagnostics(results_dir, _RECORDED, run_ids)
    paths = []
    for key, group in varied:
        title = _title(key)
        name = "svn_ablation" if len(varied) == 1 else "svn_ablation-" + "-".join(str(part) for part in key if part == part)
        curves = training_curves(group, diagnostics)
        figure = draw_svn_figure(curves, evaluation_curves(group), title)
        paths.append(save(figure, out_dir / name, rehearsal=results.rehearsal))
    return tuple(paths)


def training_curves(runs: pd.DataFrame, diagnostics: pd.DataFrame) -> pd.DataFrame:
    """Diagnostics of some runs as a long table: critic_norm, actor_norm, seed, step and the columns that are drawn."""
    curves = runs[["run_id", "critic_norm", "actor_norm", "seed"]].merge(diagnostics, on="run_id")
    factor = np.where(curves["critic_norm"].isin(_DIVIDED), curves["sigma"].fillna(1.0) ** 2, 1.0)
    # Either head may be the one that dies: shares of 0 and 1 must not average to the 0.5 of two living heads.
    share = curves["head_share"]
    return curves.assign(gradient=curves["grad_norm/critic"] * factor, smaller_head=np.maximum(share, 1.0 - share))


def evaluation_curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Evaluations of some runs as a long table: critic_norm, actor_norm, seed, step, score (normalised)."""
    columns = ["critic_norm", "actor_norm", "seed", "curve_step", "curve_return", "scale_min", "scale_max"]
    curves = runs[columns].explode(["curve_step", "curve_return"]).dropna(subset="curve_step")
    span = curves["scale_max"] - curves["scale_min"]
    return curves.assign(
        step=curves["curve_step"].astype("int64"), score=(curves["curve_return"].astype("float64") - curves["scale_min"]) / span
    )


def band(table: pd.DataFrame, column: str, logarithmic: bool) -> Band:
    """Mean over seeds at every step; its 95 % t interval at 4 seeds or more, minimum to maximum under that.

    On a logarithmic axis all of it is done in logarithms (a geometric mean), so that one seed in trouble does not hide the
    others and the band cannot fall below zero.
    """
    from scipy.special import stdtrit

    values = table.pivot_table(index="step", columns="seed", values=column, aggfunc="mean").sort_index()
    scores = values.to_numpy(dtype=np.float64)
    scores = np.where(np.isfinite(scores) & ((scores > 0.0) | (not logarithmic)), scores, np.nan)
    there = np.isfinite(scores).sum(axis=1)
    steps, scores = values.index.to_numpy(dtype=np.float64)[there > 0], scores[there > 0]
    scores = np.log(scores) if logarithmic else scores
    seeds = np.isfinite(scores).sum(axis=1)
    middle = np.nanmean(scores, axis=1)
    if len(seeds) and seeds.min() >= FEWEST_SEEDS:
        reach = stdtrit(seeds - 1.0, 0.975) * np.nanstd(scores, axis=1, ddof=1) / np.sqrt(seeds)
        low, high = middle - reach, middle + reach
    else:
        low, high = np.nanmin(scores, axis=1), np.nanmax(scores, axis=1)
    lines = (middle, low, high)
    return Band(steps, *((np.exp(line) for line in lines) if logarithmic else lines))


def draw_svn_figure(training: pd.DataFrame, evaluations: pd.DataFrame, title: str) -> Figure:
    """Six panels over gradient steps, one line per normalisation."""
    width, height, foot = 9.6, 5.6, 0.82
    with style():
        figure = new_figure(width, height, foot, head=0.1)
        figure.suptitle(title, fontsize=9.5, fontweight="bold")
        axes = figure.subplots(2, 3, sharex=True)
        for axis, quantity in zip(axes.flat, QUANTITIES, strict=True):
            _draw_quantity(axis, evaluations if quantity.column == "score" else training, quantity)
        for axis in axes[1]:
            axis.set_xlabel("gradient step")
        handles, labels = axes.flat[-1].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="upper center", bbox_to_anchor=(0.5, foot / height), ncols=4, frameon=False, fontsize=7
        )
        lines = wrapped([_note(evaluations)], width - 0.3, 6.8)
        figure.text(0.012, 0.08 / height, "\n".join(lines), fontsize=6.8, va="bottom", linespacing=1.3)
    return figure


def _draw_quantity(axes: Axes, table: pd.DataFrame, quantity: Quantity) -> None:
    axes.set_title(quantity.title, fontsize=8)
    axes.grid(linewidth=0.35, color="#dddddd")
    for critic in CriticNorm:
        for actor in reversed(ActorNorm):
            chosen = table[(table["critic_norm"] == critic.value) & (table["actor_norm"] == actor.value)]
            line = band(chosen, quantity.column, quantity.logarithmic) if len(chosen) else None
            if line is None or not len(line.steps):
                continue
            look = {"color": _COLOURS[critic], "linestyle": _DASHES[actor], "linewidth": 1.1}
            axes.plot(line.steps, line.middle, label=f"critic {critic.value}, actor {actor.value}", **look)
            axes.fill_between(line.steps, line.low, line.high, color=_COLOURS[critic], alpha=0.08, linewidth=0)
    if quantity.column == "smaller_head":
        axes.set_ylim(0.48, 1.02)
    if quantity.logarithmic:
        axes.set_yscale("log")
        _label_decades(axes)
    axes.tick_params(which="both", labelsize=6.5)
    axes.margins(x=0.01)


def _label_decades(axes: Axes) -> None:
    """Powers of ten where there are several, else plain numbers between them as well."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_ylim()
    if high / low >= 100.0:
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_formatter(plain)


def _note(evaluations: pd.DataFrame) -> str:
    seeds = evaluations.groupby(["critic_norm", "actor_norm"])["seed"].nunique()
    enough = int(seeds.min()) >= FEWEST_SEEDS
    shade = "95 % t intervals" if enough else "minimum to maximum (too few seeds for an interval)"
    count = str(seeds.min()) if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    return (
        f"Lines: means over {count} seeds, in logarithms where the axis is logarithmic; bands: {shade}. "
        "svn and min train only the smaller head: where that is always the same one (1.0), the other has died."
    )


def _title(key: Sequence[object]) -> str:
    task, dataset, decomposition, value_learning, extraction, alpha, tau = key
    title = TASKS[str(task)].title if task in TASKS else str(task)
    design = ", ".join(
        (
            DECOMPOSITION_NAMES[Decomposition(str(decomposition))],
            VALUE_LEARNING_NAMES[ValueLearning(str(value_learning))],
            EXTRACTION_NAMES[Extraction(str(extraction))],
        )
    )
    ending = "" if tau != tau else f", \N{GREEK SMALL LETTER TAU} {tau}"
    return f"{title}, {dataset}: {design}, \N{GREEK SMALL LETTER ALPHA} {alpha}{ending}"
