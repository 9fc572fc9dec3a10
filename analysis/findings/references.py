"""Every number of the reference policies as a table, and what a reader is told of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.number_text import score
from recipe_sweep.analysis.results.references import NAMES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("task", "dataset", "policy", "score")


def references_frame(blocks: Sequence[TaskPanels]) -> pd.DataFrame:
    """Tabulate the scores of the reference policies: one row per policy and dataset, and their mean as dataset `all`."""
    import pandas as pd

    rows = [
        (block.scores.task, dataset, one.name, value)
        for block in blocks
        for one in block.scores.references
        for dataset, value in zip(("all", *block.scores.datasets), (one.mean, *one.by_dataset.tolist()), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def reference_sentences(blocks: Sequence[TaskPanels]) -> list[str]:
    """Say what the marks of the reference policies are, and which were not measured on every dataset of a task."""
    if not any(block.scores.references for block in blocks):
        return []
    known = [{one.name for one in block.scores.references if np.isfinite(one.mean)} for block in blocks]
    lacking = [name for name in NAMES if any(name not in names for names in known)]
    said = ["Marks on the right: policies that learn nothing from rewards, mean over the datasets, measured once."]
    return said + ([f"Not measured on every dataset: {', '.join(lacking)}."] if lacking else [])


def score_sentences(blocks: Sequence[TaskPanels]) -> list[str]:
    """Write the mean score of each policy that is known, one sentence per task."""
    found = []
    for block in blocks:
        known = [f"{one.name} {score(one.mean)}" for one in block.scores.references if np.isfinite(one.mean)]
        found += [f"{block.scores.title}: {', '.join(known)}."] if known else []
    return found


def drawn_values(block: TaskPanels) -> list[float]:
    """List the mean scores that are drawn beside a task's panels, in the order of `NAMES`; NaN if one is not known."""
    found = {one.name: one.mean for one in block.scores.references}
    return [found.get(name, math.nan) for name in NAMES]
