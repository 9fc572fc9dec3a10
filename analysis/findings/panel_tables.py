"""Every number of Figure 7 as tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panels import Bar, Choice, Panel, Range, TaskPanels
from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.analysis.findings.worst_scores import at_worst
from recipe_sweep.analysis.results.scores import Configuration

if TYPE_CHECKING:
    import pandas as pd


def bars_frame(blocks: Sequence[TaskPanels], alphas: OneAlphas) -> pd.DataFrame:
    """Tabulate every number of the figure: one row per bar (dataset `all`), and one per bar and dataset.

    Rows of a dataset have its best configuration. In marginal panels `value_learning` or `extraction` is `mean`. If runs
    diverged, the last column has the ranks with these at the worst score (`worst_scores`).
    """
    import pandas as pd

    rows = [row for block in blocks for panel in block.panels for bar in panel.bars for row in _rows(block, panel, bar, alphas)]
    frame = pd.DataFrame(rows)
    # Columns of later releases stand at the end, so that readers by number still find theirs.
    frame = frame[[*(name for name in frame.columns if name not in _LATER), *_LATER]].copy()
    lowered = at_worst(blocks)
    if lowered:
        ranks = [rank for block in lowered for panel in block.panels for bar in panel.bars for rank in _bar_ranks(bar)]
        frame["rank_diverged_at_worst"] = ranks
    return frame


def _bar_ranks(bar: Bar) -> list[int | None]:
    """List a bar's rank for each of its rows: the first is of all datasets, and has one."""
    return [bar.rank or None, *(None for _ in bar.choices)]


_LATER = ("difference", "difference_low", "difference_high", "one_alpha_score")


def configurations_frame(blocks: Sequence[TaskPanels], alphas: OneAlphas) -> pd.DataFrame:
    """Tabulate all configurations from which the best was chosen: mean, standard deviation and range over seeds."""
    import pandas as pd

    rows = [_configuration_row(block, tuple(where), alphas) for block in blocks for where in _configured(block)]
    return pd.DataFrame(rows)


def _configured(block: TaskPanels) -> Iterable[Iterable[int]]:
    return np.argwhere(block.scores.wanted.any(axis=-1)).tolist()


def _configuration_row(block: TaskPanels, where: tuple[int, ...], alphas: OneAlphas) -> dict[str, object]:
    task = block.scores
    x, v, e, d, _ = where
    configuration: Configuration = task.configurations[where]
    everywhere = alphas.by_design[x, v, e]
    scores = task.scores[where]
    scores = scores[np.isfinite(scores)]
    return {
        "task": task.task,
        "dataset": task.datasets[d],
        **{axis: word.value for axis, word in Design.at(x, v, e)._asdict().items()},
        **configuration._asdict(),
        "seeds": scores.size,
        "mean": scores.mean() if scores.size else math.nan,
        "std": scores.std(ddof=1) if scores.size > 1 else math.nan,
        "min": scores.min() if scores.size else math.nan,
        "max": scores.max() if scores.size else math.nan,
        "diverged": int(task.diverged[where].sum()),
        "missing": int((task.wanted[where] & ~task.done[where]).sum()),
        "cloning": float(task.cloning_by_dataset[d]),
        "everywhere": everywhere is not None and everywhere.configuration == configuration,
    }


def _rows(block: TaskPanels, panel: Panel, bar: Bar, alphas: OneAlphas) -> list[dict[str, object]]:
    interval, percentile = bar.interval or Range(math.nan, math.nan), bar.percentile or Range(math.nan, math.nan)
    difference = bar.difference or Range(math.nan, math.nan)
    named: dict[str, object] = {
        "task": panel.task,
        "value_learning": "mean" if panel.value_learning is None else panel.value_learning.value,
        "extraction": "mean" if panel.extraction is None else panel.extraction.value,
        "decomposition": bar.decomposition.value,
    }
    whole: dict[str, object] = {
        **named,
        "dataset": "all",
        "score": bar.value,
        "cloning": block.cloning,
        "low": interval.low,
        "high": interval.high,
        "percentile_low": percentile.low,
        "percentile_high": percentile.high,
        "selection_corrected": bar.corrected,
        "rank": bar.rank or None,
        "mark": bar.mark.value,
        "seeds": bar.seeds,
        "runs": bar.wanted,
        "missing": bar.missing,
        "diverged": bar.diverged,
        "difference": bar.score - panel.best.score if panel.best is not None and bar.place else math.nan,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "one_alpha_score": alphas.score(panel, bar),
    }
    cloning = dict(zip(block.scores.datasets, block.scores.cloning_by_dataset.tolist(), strict=True))
    return [whole, *({**named, **_choice_row(choice, cloning[choice.dataset])} for choice in bar.choices)]


def _choice_row(choice: Choice, cloning: float) -> dict[str, object]:
    chosen = choice.configuration
    return {
        "dataset": choice.dataset,
        "score": choice.score,
        "cloning": cloning,
        "alpha": chosen.alpha if chosen else None,
        "tau": chosen.tau if chosen else None,
        "other": chosen.other if chosen else None,
        "alpha_edge": choice.edge or None,
    }
