"""Notes about the origin of a report's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipe_sweep.analysis.results.frame import Results, unscored_sentence
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.counted import agreeing, counted

if TYPE_CHECKING:
    import pandas as pd

_MADE_WITH = {
    "code_version": "versions of recipe-sweep",
    "torch_version": "versions of torch",
    "device": "kinds of device",
    "machine": "kinds of machine",
}


def provenance_notes(results: Results, rule: ScoreRule) -> tuple[str, ...]:
    """Write one sentence per problem: runs of mixed origin, duplicates, runs outside the grid, unusable scores."""
    runs = results.runs
    notes = [
        f"The runs were made with several {words}: {_listed(runs[column])}."
        for column, words in _MADE_WITH.items()
        if runs[column].nunique() > 1
    ]
    notes += [*results.rescaled, *_data_notes(runs)]
    if results.duplicates:
        first, count = results.duplicates[0], len(results.duplicates)
        notes.append(
            f"{counted(count, 'run')} {agreeing(count, 'is', 'are')} in more than one pack; the oldest launch's row counts "
            f"(first: {first.run_id}, kept from {first.kept}, also in {', '.join(first.others)})."
        )
    if results.outside:
        count = results.outside
        outside = f"{counted(count, 'finished run')} {agreeing(count, 'is', 'are')} outside the grid"
        notes.append(f"{outside} and not in these numbers.")
    if results.unscored:
        notes.append(f"{unscored_sentence(results.unscored)}.")
    unusable = rule.unusable(runs)
    if unusable:
        has, they = agreeing(unusable, "has", "have"), agreeing(unusable, "it is", "they are")
        lack = f"{counted(unusable, 'run')} {has} a score that is no finite number"
        notes.append(f"{lack}; {they} left out of means, not of counts.")
    return tuple(notes)


def _data_notes(runs: pd.DataFrame) -> list[str]:
    contents = runs[["task", "source", "dataset", "data_hash"]].drop_duplicates()
    several = contents[contents.duplicated(["task", "source", "dataset"])].drop_duplicates(["task", "source", "dataset"])
    return [
        f"Runs on {row.task} {row.dataset} ({row.source}) saw several contents of that dataset: their scores do not compare."
        for row in several.itertuples()
    ]


def _listed(column: pd.Series[str]) -> str:
    return ", ".join(f"{value} ({count:,})" for value, count in column.value_counts().sort_index().items())
