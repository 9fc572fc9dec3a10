"""The best configuration of every design on every dataset, as Figure 7 chooses it, with all its settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.findings.common_seeds import compared
from recipe_sweep.analysis.findings.panels import Bar, Choice, TaskPanels
from recipe_sweep.analysis.results.scores import TaskScores, configured_runs, points_table
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

if TYPE_CHECKING:
    import pandas as pd

DESIGN = ("decomposition", "value_learning", "extraction")


def best_frame(blocks: Sequence[TaskPanels], points: Sequence[DesignPoint], runs: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the best configuration of each design and dataset: its score, alpha, and every setting that varies.

    `score` is the mean over seeds, `low` and `high` are the worst and the best seed. `score` of the best of several
    configurations is optimistic. `runs` is the table of `runs_frame`.
    """
    import pandas as pd

    ids, varied = _config_ids(points), _varied(runs)
    settings = runs.drop_duplicates("config_id").set_index("config_id")[varied]
    rows: list[dict[str, object]] = []
    for block in blocks:
        common = compared(block.scores).scores
        for panel in block.cells:
            for bar in panel.bars:
                design = (bar, panel.value_learning, panel.extraction)
                rows += [_row(block.scores, common, design, one, ids) for one in bar.choices]
    columns = ["task", "dataset", *DESIGN, "score", "low", "high", "seeds", "config_id"]
    found = pd.DataFrame([row for row in rows if row], columns=columns).join(settings, on="config_id")
    return found.sort_values(["task", "dataset", "score"], ascending=[True, True, False], kind="stable").reset_index(drop=True)


def _row(
    task: TaskScores,
    common: Floats,
    design: tuple[Bar, ValueLearning | None, Extraction | None],
    choice: Choice,
    ids: dict[tuple[object, ...], str],
) -> dict[str, object]:
    bar, learner, extraction = design
    if choice.configuration is None or learner is None or extraction is None:
        return {}
    scores = _seed_scores(task, common, (bar.decomposition, learner, extraction), choice)
    words = (str(bar.decomposition), str(learner), str(extraction))
    return {
        "task": task.task,
        "dataset": choice.dataset,
        **dict(zip(DESIGN, words, strict=True)),
        "score": choice.score,
        "low": scores.min() if scores.size else np.nan,
        "high": scores.max() if scores.size else np.nan,
        "seeds": scores.size,
        "config_id": ids[task.task, choice.dataset, *words, *choice.configuration],
    }


def _seed_scores(
    task: TaskScores, common: Floats, design: tuple[Decomposition, ValueLearning, Extraction], choice: Choice
) -> Floats:
    """Return the scores of the chosen configuration's seeds that count in its panel, which are behind its mean."""
    x, v, e = Decomposition.place(design[0]), ValueLearning.place(design[1]), Extraction.place(design[2])
    d = task.datasets.index(choice.dataset)
    k = task.configurations[x, v, e, d].tolist().index(choice.configuration)
    scores: Floats = common[x, v, e, d, k]
    return scores[np.isfinite(scores)]


def _config_ids(points: Sequence[DesignPoint]) -> dict[tuple[object, ...], str]:
    """Map task, dataset, design and configuration to the configuration's id."""
    places = configured_runs(points_table(points))
    return {
        (place.task, place.dataset, *(str(getattr(point, axis)) for axis in DESIGN), *place.configuration): point.config_id
        for point in points
        if (place := places.get(point.run_id)) is not None
    }


def _varied(runs: pd.DataFrame) -> list[str]:
    """List the axes and settings that vary in the sweep, besides those that a row names already; alpha always."""
    from recipe_sweep.search_spaces.filters import SELECTABLE

    named = {"task", "dataset", *DESIGN, "seed"}
    varied = {name for name in SELECTABLE if runs[name].nunique(dropna=False) > 1} | {"alpha"}
    return [name for name in SELECTABLE if name in varied - named]
