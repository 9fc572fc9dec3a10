"""The common code of Figures 3 to 6: curves of some variants of one design, trained on the same data.

All variants are TD with BRAC (paper 4.2 to 4.4): the critic bootstraps from the actor, and the actor maximises the critic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.scales import set_scale
from recipe_sweep.analysis.figures.style import BEST, CLONING, FAINT, INK, new_figure, style, wrapped
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.curves import Band, Quantity, band, evaluation_curves, seeds_note, training_curves
from recipe_sweep.analysis.results.frame import load_diagnostics
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import DataReturns, Lacking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES = (3.1, 2.35)
SCORE = "score"
"""Quantity from evaluations. All other quantities are diagnostics."""

_RECORDED = (
    *("q_mean", "q_max_abs", "td_loss", "sigma", "head_share"),
    *("grad_norm/critic", "grad_norm/all", "actor_q_term"),
)
_VARYING = ("decomposition", "critic_norm", "actor_norm", "seed")


class Variant(NamedTuple):
    """One line of a figure: its runs, its label and its look. Each has its own dash, so that grey prints are readable."""

    label: str
    decomposition: Decomposition
    critic_norm: CriticNorm
    actor_norm: ActorNorm
    colour: str
    dash: Any


PLAIN_MIX = Variant("Mix", Decomposition.MIX, CriticNorm.NONE, ActorNorm.NONE, INK, "-")
PLAIN_VDN = Variant("VDN", Decomposition.VDN, CriticNorm.NONE, ActorNorm.NONE, CLONING, (0, (4, 1.5)))
PLAIN_DEC = Variant("Dec", Decomposition.DEC, CriticNorm.NONE, ActorNorm.NONE, FAINT, (0, (1.2, 1.2)))
REMEDY = Variant("Mix, actor normalised", Decomposition.MIX, CriticNorm.NONE, ActorNorm.ABSMEAN, CLONING, (0, (4, 1.5)))
SVN = Variant("Mix, actor normalised, SVN", Decomposition.MIX, CriticNorm.SVN, ActorNorm.ABSMEAN, BEST, (0, (6, 1, 1, 1)))


_UNDER = (ValueLearning.TD.value, Extraction.BRAC.value)
"""The value learner and the extraction of these figures (paper 4)."""


class Line(NamedTuple):
    """One variant's curve of one quantity."""

    variant: Variant
    quantity: Quantity
    band: Band


def draw_training(
    material: Material,
    name: str,
    says: str,
    variants: Sequence[Variant],
    quantities: Sequence[Quantity],
    note: str = "",
    with_data: bool = False,
) -> tuple[Drawing, ...] | Lacking:
    """Draw one panel per quantity and one line per variant. `with_data` marks the returns and values of the dataset."""
    runs = _comparable(material, variants)
    if isinstance(runs, Lacking):
        return runs
    training = training_curves(runs, load_diagnostics(material.results_dir, _RECORDED, runs["run_id"].tolist()))
    training = training.assign(actor_loss=training["actor_q_term"].abs())
    evaluations = evaluation_curves(runs)
    lines = [
        Line(variant, quantity, band(_of(variant, table), quantity.column, quantity.scale))
        for quantity in quantities
        for variant in variants
        for table in [evaluations if quantity.column == SCORE else training]
    ]
    first = runs.iloc[0]
    data = material.learned.data_returns(first["run_id"]) if with_data else None
    scale = (float(first["scale_min"]), float(first["scale_max"]))
    seeds = [int(_of(variant, runs)["seed"].nunique()) for variant in variants]
    title = f"{TASKS[first['task']].title}, {first['dataset']}: TD, BRAC, \N{GREEK SMALL LETTER ALPHA} {short(first['alpha'])}"
    figure = _draw(title, quantities, lines, f"{seeds_note(seeds)} {note}", data, scale)
    return (Drawing(name, figure, f"{says} {title}.", (Numbers(name, _numbers(lines)),)),)


def _comparable(material: Material, variants: Sequence[Variant]) -> pd.DataFrame | Lacking:
    """Select finished runs of the variants that are alike in everything else. The smallest alpha is preferred."""
    names = [field.name for field in fields(DesignPoint)]
    runs = material.results.runs
    runs = runs[[pair == _UNDER for pair in zip(runs["value_learning"], runs["extraction"], strict=True)]]
    wanted = {_key(variant) for variant in variants}
    found = list(zip(runs["decomposition"], runs["critic_norm"], runs["actor_norm"], strict=True))
    absent = [variant for variant in variants if _key(variant) not in found]
    if absent:
        return Lacking(f"the sweep has no finished TD runs with BRAC of {', '.join(map(_described, absent))}")
    runs = runs[[key in wanted for key in found]]
    columns = [name for name in names if name not in runs.columns]
    runs = runs.merge(material.wanted[["run_id", *columns]], on="run_id")
    shared = [name for name in names if name not in _VARYING]
    for _, group in sorted(runs.groupby(shared, dropna=False, sort=False), key=lambda pair: pair[1]["alpha"].iloc[0]):
        if set(zip(group["decomposition"], group["critic_norm"], group["actor_norm"], strict=True)) == wanted:
            return group.sort_values("run_id", ignore_index=True)
    return Lacking("no dataset and temperature has all of the variants that it compares")


def _key(variant: Variant) -> tuple[str, str, str]:
    return (variant.decomposition.value, variant.critic_norm.value, variant.actor_norm.value)


def _described(variant: Variant) -> str:
    norms = f"critic_norm {variant.critic_norm}, actor_norm {variant.actor_norm}"
    return f"{variant.decomposition} ({norms})"


def _of(variant: Variant, table: pd.DataFrame) -> pd.DataFrame:
    decomposition, critic_norm, actor_norm = _key(variant)
    same = (table["critic_norm"] == critic_norm) & (table["actor_norm"] == actor_norm)
    return table[same & (table["decomposition"] == decomposition)]


def _numbers(lines: Sequence[Line]) -> pd.DataFrame:
    """Tabulate every number of a figure: one row per line, quantity and step."""
    import pandas as pd

    pieces = []
    for variant, quantity, curve in lines:
        where = {
            "quantity": quantity.column,
            "decomposition": variant.decomposition.value,
            "critic_norm": variant.critic_norm.value,
            "actor_norm": variant.actor_norm.value,
        }
        pieces.append(pd.DataFrame({**where, **curve._asdict()}))
    return pd.concat(pieces, ignore_index=True)


def _draw(
    title: str,
    quantities: Sequence[Quantity],
    lines: Sequence[Line],
    note: str,
    data: DataReturns | None,
    scale: tuple[float, float],
) -> Figure:
    width = PANEL_INCHES[0] * len(quantities) + 0.2
    text = wrapped([note], width - 0.25, 6.8)
    foot = 0.45 + 0.13 * len(text)
    height = PANEL_INCHES[1] + 0.3 + foot
    with style():
        figure = new_figure(width, height, foot, head=0.06)
        figure.suptitle(title, fontsize=8.5, fontweight="bold")
        axes = figure.subplots(1, len(quantities), squeeze=False)[0]
        for axis, quantity in zip(axes, quantities, strict=True):
            _panel(axis, quantity, [line for line in lines if line.quantity is quantity])
            if data is not None:
                _mark_data(axis, quantity, data, scale)
        found = [pair for axis in axes for pair in zip(*axis.get_legend_handles_labels(), strict=True)]
        handles = {label: handle for handle, label in found}
        place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, foot / height)}
        figure.legend(
            handles.values(), handles.keys(), ncols=len(handles), frameon=False, fontsize=7, handlelength=3.2, **place
        )
        figure.text(0.012, 0.07 / height, "\n".join(text), fontsize=6.8, va="bottom", linespacing=1.3)
    return figure


def _panel(axes: Axes, quantity: Quantity, lines: Sequence[Line]) -> None:
    axes.set_title(quantity.title, fontsize=8)
    axes.set_xlabel("gradient step", fontsize=7)
    axes.grid(linewidth=0.35, color="#dddddd")
    axes.set_axisbelow(True)
    for variant, _, curve in lines:
        axes.plot(curve.steps, curve.middle, label=variant.label, color=variant.colour, linestyle=variant.dash, linewidth=1.3)
        axes.fill_between(curve.steps, curve.low, curve.high, color=variant.colour, alpha=0.13, linewidth=0)
    set_scale(axes, quantity.scale)
    axes.tick_params(which="both", labelsize=6.5)
    axes.margins(x=0.01)


def _mark_data(axes: Axes, quantity: Quantity, data: DataReturns, scale: tuple[float, float]) -> None:
    """Mark the returns of the data (mean and standard deviation, range) and their largest discounted return."""
    if quantity.column in ("q_mean", "q_max_abs"):
        look: dict[str, Any] = {"color": INK, "linewidth": 0.8, "linestyle": (0, (1, 2)), "zorder": 1}
        axes.axhline(data.highest_value, label="largest discounted return in the data", **look)
    if quantity.column == SCORE:
        low, high, least, most = (
            (value - scale[0]) / (scale[1] - scale[0])
            for value in (data.mean - data.std, data.mean + data.std, data.min, data.max)
        )
        axes.axhspan(least, most, color=FAINT, alpha=0.13, linewidth=0, zorder=0)
        axes.axhspan(low, high, color=FAINT, alpha=0.25, linewidth=0, zorder=0)
