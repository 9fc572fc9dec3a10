"""Training of one design under each normalisation of critic and actor (after the paper's Figures 3 to 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recipe_sweep.analysis.figures.inputs import Drawing, Material, Numbers
from recipe_sweep.analysis.figures.scales import set_scale
from recipe_sweep.analysis.figures.style import new_figure, style, wrapped
from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.analysis.results.curves import Quantity, Scale, band, evaluation_curves, seeds_note, training_curves
from recipe_sweep.analysis.results.frame import load_diagnostics
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Extraction, ValueLearning
from recipe_sweep.sweep.results.samples import Lacking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FIGURES = 8
"""Most figures that are drawn. A grid may vary the normalisation under many designs; the first ones count."""


QUANTITIES = (
    Quantity("q_max_abs", "largest |Q| of a batch", Scale.LOG),
    Quantity("td_loss", "TD loss, before division by \N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO}", Scale.LOG),
    Quantity(
        "gradient",
        "critic's gradient norm (\N{MULTIPLICATION SIGN} \N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO} under SVN)",
        Scale.LOG,
    ),
    Quantity("smaller_head", "how often the same head is the smaller", Scale.LINEAR),
    Quantity("head_gap", "gap between the two heads", Scale.LOG),
    Quantity("score", "normalised return", Scale.LINEAR),
)
_RECORDED = ("q_max_abs", "td_loss", "sigma", "grad_norm/critic", "head_share", "head_gap")
_GROUP = ["task", "dataset", "decomposition", "value_learning", "extraction", "alpha", "tau"]


def draw(material: Material) -> tuple[Drawing, ...] | Lacking:
    """Draw `svn_ablation` for every design whose normalisation the sweep varies."""
    runs = material.results.runs
    # One merge for all groups: the paper's sweep has 2,048 of them, and most sweeps vary no normalisation.
    norms = runs[[*_GROUP, "critic_norm", "actor_norm"]].drop_duplicates()
    runs = runs.merge(norms[norms.duplicated(_GROUP)][_GROUP].drop_duplicates(), on=_GROUP)
    if runs.empty:
        return Lacking("no design was trained under two normalisations")
    varied = list(runs.groupby(_GROUP, dropna=False, sort=True))[:MOST_FIGURES]
    run_ids = [run_id for _, group in varied for run_id in group["run_id"]]
    diagnostics = load_diagnostics(material.results_dir, _RECORDED, run_ids)
    return tuple(_drawing(key, group, diagnostics, alone=len(varied) == 1) for key, group in varied)


def _drawing(key: Sequence[object], group: pd.DataFrame, diagnostics: pd.DataFrame, alone: bool) -> Drawing:
    name = "svn_ablation" if alone else "svn_ablation-" + "-".join(str(part) for part in key if part == part)
    training, evaluations = training_curves(group, diagnostics), evaluation_curves(group)
    title = _title(key)
    figure = draw_svn_figure(training, evaluations, title)
    says = f"Training under each normalisation of critic and actor. {title}."
    return Drawing(name, figure, says, (Numbers(name, _numbers(training, evaluations)),))


def _numbers(training: pd.DataFrame, evaluations: pd.DataFrame) -> pd.DataFrame:
    """Tabulate every number of the figure: one row per line, quantity and step."""
    import pandas as pd

    pieces = []
    for quantity in QUANTITIES:
        table = evaluations if quantity.column == "score" else training
        for norms, chosen in table.groupby(["critic_norm", "actor_norm"]):
            line = band(chosen, quantity.column, quantity.scale)._asdict()
            where = {"quantity": quantity.column, "critic_norm": norms[0], "actor_norm": norms[1]}
            pieces.append(pd.DataFrame({**where, **line}))
    return pd.concat(pieces, ignore_index=True)


def draw_svn_figure(training: pd.DataFrame, evaluations: pd.DataFrame, title: str) -> Figure:
    """Draw six panels over gradient steps, one line per normalisation."""
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
    for critic in CriticNorm.members():
        for actor in reversed(ActorNorm.members()):
            chosen = table[(table["critic_norm"] == critic.value) & (table["actor_norm"] == actor.value)]
            line = band(chosen, quantity.column, quantity.scale) if len(chosen) else None
            if line is None or not len(line.steps):
                continue
            look: dict[str, Any] = {"color": critic.colour, "linestyle": actor.dash, "linewidth": 1.1}
            axes.plot(line.steps, line.middle, label=f"critic {critic.value}, actor {actor.value}", **look)
            axes.fill_between(line.steps, line.low, line.high, color=critic.colour, alpha=0.08, linewidth=0)
    if quantity.column == "smaller_head":
        axes.set_ylim(0.48, 1.02)
    set_scale(axes, quantity.scale)
    axes.tick_params(which="both", labelsize=6.5)
    axes.margins(x=0.01)


def _note(evaluations: pd.DataFrame) -> str:
    seeds = evaluations.groupby(["critic_norm", "actor_norm"])["seed"].nunique()
    return (
        f"{seeds_note(seeds.tolist())} "
        "svn and min train only the smaller head: where that is always the same one (1.0), the other has died."
    )


def _title(key: Sequence[object]) -> str:
    task, dataset, decomposition, value_learning, extraction, alpha, tau = key
    title = TASKS[str(task)].title if task in TASKS else str(task)
    choices = Decomposition.of(str(decomposition)), ValueLearning.of(str(value_learning)), Extraction.of(str(extraction))
    design = ", ".join(Design(*choices).names)
    ending = "" if tau != tau else f", \N{GREEK SMALL LETTER TAU} {tau}"
    ending = ending if alpha != alpha else f", \N{GREEK SMALL LETTER ALPHA} {alpha}{ending}"
    return f"{title}, {dataset}: {design}{ending}"
