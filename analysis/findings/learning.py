"""Tells from the recorded curves whether training had ended, and whether behaviour cloning's score was reached.

A panel of Figure 7 is still learning if the last slope of its bars is surely above 0. Seeds are the
sample, so noise that the evaluations of a run share does no harm. Each seed's slope is of the configurations that the other
seeds choose. The verdicts of a report are corrected together (Holm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, careful_p_value, holm, stratified_mean
from recipe_sweep.analysis.estimators.learning_curves import chosen_by_others, last_slopes, surely_rising
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.findings.panels import Panel, TaskPanels
from recipe_sweep.analysis.number_text import short
from recipe_sweep.analysis.results.curve_arrays import CURVE_COLUMNS, curve_arrays
from recipe_sweep.analysis.results.scores import arranged
from recipe_sweep.analysis.results.thresholds import DATASET
from recipe_sweep.search_spaces.vocabulary import Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.025
"""One-sided: in 97.5 % of the sweeps whose curves are flat, no panel is called still learning."""


class RunSlopes(NamedTuple):
    """The last slopes of the runs of one task. Shape letters as in `scores`."""

    slopes: Floats
    """(X, V, E, D, K, S): score per 10 % of training; NaN if there is no run, it diverged, or its curve is too coarse"""
    rising: Floats
    """(X, V, E, D, K, S): 1 if the slope is surely above 0 against the noise of its own evaluations, else 0; NaN as above"""


class DatasetLearning(NamedTuple):
    """The runs of one dataset, without behaviour cloning's. Numbers are NaN if they are not known."""

    task: str
    title: str
    """of the task"""
    dataset: str
    runs: int
    """runs whose last slope is known"""
    rising: float
    """share of these runs that still rise surely; 0.025 by chance"""
    median: float
    """median slope, score per 10 % of training"""
    mean: Estimate
    """mean slope with its interval over seeds"""
    cloning: float
    reached: float
    """share of all finished runs that score at least as high as behaviour cloning"""


class PanelLearning(NamedTuple):
    """One panel of Figure 7 that averages over no axis."""

    task: str
    value_learning: ValueLearning | None
    extraction: Extraction | None
    slope: Estimate
    """mean slope of its bars, score per 10 % of training"""
    p_value: float
    """one-sided, corrected for all panels of the report; NaN under four seeds"""

    @property
    def still(self) -> bool:
        """Whether the panel is still learning."""
        return bool(self.p_value < LEVEL)


@dataclass(frozen=True)
class Learning:
    """What the curves of a sweep say about the end of its training."""

    datasets: tuple[DatasetLearning, ...] = ()
    panels: tuple[PanelLearning, ...] = ()

    @property
    def judged(self) -> tuple[PanelLearning, ...]:
        """Panels that have enough seeds and evaluations."""
        return tuple(panel for panel in self.panels if np.isfinite(panel.p_value))

    def still(self, panel: Panel) -> bool:
        """Tell whether a panel is still learning. A panel that averages over an axis is if any of its cells is."""
        return any(one.still and _covers(panel, one) for one in self.panels)

    @property
    def sentence(self) -> str:
        """Say how many panels are still learning; empty if no panel can be judged."""
        found = [panel for panel in self.judged if panel.still]
        if not self.judged:
            return ""
        if not found:
            return f"In none of {_counted(len(self.judged))} do scores surely rise over the last third of training."
        middle = float(np.median([panel.slope.value for panel in found]))
        are = "is" if len(found) == 1 else "are"
        return (
            f"{len(found)} of {_counted(len(self.judged))} {are} still learning: scores surely rise over the last third of "
            f"training, by {short(middle)} per 10 % of it (median)."
        )

    @property
    def caution(self) -> str:
        """Say what the claims about scores rest on; empty if no panel is still learning."""
        found = sum(panel.still for panel in self.judged)
        if not found:
            return ""
        are = "is" if found == 1 else "are"
        of = f"{found} of the {_counted(len(self.judged))}"
        return f"{of} behind the claims about scores {are} still learning, so longer training may change the verdicts."


NOT_JUDGED = Learning()


def learning(runs: pd.DataFrame, wanted: pd.DataFrame, blocks: Sequence[TaskPanels]) -> Learning:
    """Judge the curves of runs (rows of the results). `wanted` is `points_table`, and `blocks` are made from both."""
    slopes = run_slopes(runs, wanted)
    return judged(blocks, slopes)


def judged(blocks: Sequence[TaskPanels], slopes: Sequence[RunSlopes]) -> Learning:
    """Judge the slopes of the runs of each task, which are arranged as the block's scores."""
    pairs = list(zip(blocks, slopes, strict=True))
    datasets = [_dataset(block, task, d) for block, task in pairs for d in range(len(block.scores.datasets))]
    panels = [_panel(block, task, panel) for block, task in pairs for panel in block.cells]
    adjusted = holm(np.array([panel.p_value for panel in panels])).tolist()
    return Learning(
        tuple(datasets), tuple(panel._replace(p_value=value) for panel, value in zip(panels, adjusted, strict=True))
    )


def run_slopes(runs: pd.DataFrame, wanted: pd.DataFrame) -> tuple[RunSlopes, ...]:
    """Fit the last slope of every run, one entry per task as in `task_scores`."""
    import pandas as pd

    outcome = runs.set_index("run_id")[[*CURVE_COLUMNS, "status"]]
    table = wanted.join(outcome, on="run_id", how="inner")
    found = last_slopes(*curve_arrays(table))
    group = table.groupby([*DATASET, "config_id"], dropna=False, sort=False).ngroup()
    rising = surely_rising(found, np.asarray(group, dtype=np.int64))
    known = np.isfinite(found.slope) & (table["status"] != "diverged").to_numpy()
    numbers = [np.where(known, values, np.nan) for values in (found.slope, rising.astype(np.float64))]
    rows = pd.Series(np.arange(len(table), dtype=np.float64), index=table["run_id"])
    places = [task.scores for task in arranged(wanted, outcome[["status"]], rows)]
    return tuple(RunSlopes(*(_placed(values, place) for values in numbers)) for place in places)


def _placed(values: Floats, rows: Floats) -> Floats:
    """Put values (N,) where their rows are; NaN where there is no row."""
    there = np.isfinite(rows)
    placed: Floats = np.full(rows.shape, np.nan)
    placed[there] = values[rows[there].astype(np.int64)]
    return placed


def _dataset(block: TaskPanels, task: RunSlopes, d: int) -> DatasetLearning:
    slopes, rising, scores = (values[:, :, :, d] for values in (task.slopes, task.rising, block.scores.scores))
    known, done = np.isfinite(slopes), np.isfinite(scores)
    cloning = float(block.scores.cloning_by_dataset[d])
    there = bool(known.any())
    return DatasetLearning(
        task=block.scores.task,
        title=block.scores.title,
        dataset=block.scores.datasets[d],
        runs=int(known.sum()),
        rising=float(rising[known].mean()) if there else np.nan,
        median=float(np.median(slopes[known])) if there else np.nan,
        mean=stratified_mean([_seed_means(slopes)]),
        cloning=cloning,
        reached=float((scores[done] >= cloning).mean()) if done.any() and np.isfinite(cloning) else np.nan,
    )


def _panel(block: TaskPanels, task: RunSlopes, panel: Panel) -> PanelLearning:
    assert panel.value_learning is not None
    assert panel.extraction is not None
    v, e = ValueLearning.place(panel.value_learning), Extraction.place(panel.extraction)
    chosen = [_seed_means(chosen_by_others(task.slopes[:, v, e], block.scores.scores[:, v, e]))]
    estimate = stratified_mean(chosen)
    two_sided = careful_p_value(chosen)
    p_value = two_sided / 2.0 if estimate.value > 0.0 else 1.0 - two_sided / 2.0
    return PanelLearning(panel.task, panel.value_learning, panel.extraction, estimate, p_value)


def _seed_means(values: Floats) -> Floats:
    """Average values (..., S) in each seed, over what the seed has: (S,). NaN if it has nothing."""
    flat = values.reshape(-1, values.shape[-1])
    there = np.isfinite(flat)
    count = there.sum(axis=0)
    means: Floats = np.divide(
        np.where(there, flat, 0.0).sum(axis=0), count, out=np.full(flat.shape[-1], np.nan), where=count > 0
    )
    return means


def _covers(panel: Panel, one: PanelLearning) -> bool:
    return (
        panel.task == one.task
        and panel.value_learning in (None, one.value_learning)
        and panel.extraction in (None, one.extraction)
    )


def _counted(panels: int) -> str:
    return f"{panels} panel{'' if panels == 1 else 's'}"
