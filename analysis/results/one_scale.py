"""Puts scores of one task and source on one scale, because scores on two scales do not compare.

Rows state the returns that scored 0 and 1 when they were made. Reference returns may have changed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_sweep.analysis.errors import MixedScalesError
from recipe_sweep.analysis.results.references import ENDS
from recipe_sweep.analysis.results.scores import runs_table
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.sweep.results.scales import Scale, present_scale

if TYPE_CHECKING:
    import pandas as pd

SCORES = ("score", "score_best", "score_last3")


def on_one_scale(runs: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Score runs (rows of the results) by the present reference returns, where a task and source has several scales.

    The reference returns are those of the newest version of the data among the runs. Returns the runs and one sentence per such
    task and source. Runs on one scale stay bit for bit, whichever scale it is. Each registered dataset has a scale of its own.
    Raises MixedScalesError if the present reference returns are not known.
    """
    registered = runs["source"] == Source.REGISTERED.value
    own = runs["dataset"].where(registered, "")
    sentences, problems, rescaled = [], [], runs
    for names, group in runs.groupby(["task", "source", own], sort=True):
        task, source, dataset = map(str, names)
        found = [Scale(*row) for row in group[[*ENDS]].drop_duplicates().sort_values([*ENDS]).itertuples(index=False)]
        if len(found) == 1:
            continue
        name = " ".join(filter(None, (task, dataset, f"({source})")))
        present = None if dataset else present_scale(source, task, _versions(group))
        if present is None:
            problems.append(_refused(name, found))
            continue
        if rescaled is runs:
            rescaled = runs.copy()
        _rescale(rescaled, group, present)
        sentences.append(
            f"Scores of {name} were on {len(found)} scales ({_listed(found)}). All are scored from their returns, "
            f"where {_text(present)} is 0 to 1 at present."
        )
    if problems:
        raise MixedScalesError(*problems)
    return rescaled, tuple(sentences)


def _rescale(runs: pd.DataFrame, group: pd.DataFrame, present: Scale) -> None:
    """Change the scores of the rows of `group` in `runs` to a scale. Rows that are on it already keep their bits."""
    rows = group[(group["scale_min"] != present.minimum) | (group["scale_max"] != present.maximum)]
    for name in SCORES:
        if name in rows:
            returns = rows["scale_min"] + rows[name] * (rows["scale_max"] - rows["scale_min"])
            runs.loc[rows.index, name] = (returns - present.minimum) / (present.maximum - present.minimum)
    runs.loc[rows.index, "scale_min"], runs.loc[rows.index, "scale_max"] = present.minimum, present.maximum


def _versions(group: pd.DataFrame) -> set[str]:
    """Collect the versions of the data that runs were trained on."""
    return set(runs_table(group)["dataset_version"])


def _refused(name: str, found: Sequence[Scale]) -> Problem:
    return Problem(
        key=f"scores of {name}",
        found=f"{len(found)} scales: the returns {_listed(found)} score 0 to 1",
        expected="one scale, because scores on two scales do not compare",
        hint="train the runs of one scale again in a sweep of their own, with a new version of the dataset",
    )


def _listed(scales: Sequence[Scale]) -> str:
    return " and ".join(map(_text, scales))


def _text(scale: Scale) -> str:
    return f"{scale.minimum:g} to {scale.maximum:g}"
