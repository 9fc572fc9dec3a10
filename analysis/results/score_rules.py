"""The rules that turn a run into its score. All scores of a report follow one rule, and larger is better under each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recipe_sweep.analysis.errors import ScoreRuleError
from recipe_sweep.analysis.estimators.learning_curves import area_under, first_reached
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.results.curve_arrays import CURVE_COLUMNS, curve_arrays
from recipe_sweep.analysis.results.score_words import ScoreWord
from recipe_sweep.analysis.results.thresholds import ShareOfBest, Threshold, threshold_of
from recipe_sweep.search_spaces.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

USUAL_THRESHOLD = ShareOfBest(0.9)


class ScoreRule(ABC):
    """Which number is a run's score."""

    FINAL: ClassVar[ScoreRule]
    BEST: ClassVar[ScoreRule]
    LAST3: ClassVar[ScoreRule]
    AREA: ClassVar[ScoreRule]

    columns: tuple[str, ...]
    """Columns of the results that the rule reads."""
    noun: str = "normalised return"
    """Name of the score in captions."""
    axis: str = "normalised return"
    """Name of the score at an axis."""

    is_one_evaluation: bool = False
    """Whether the score is of one evaluation, chosen before its result is known."""
    is_return: bool = True
    """Whether the score of a return compares with it."""

    @property
    @abstractmethod
    def words(self) -> str:
        """Description of the score, for captions."""

    @property
    def one_scale(self) -> bool:
        """Whether scores of two sweeps compare."""
        return True

    @abstractmethod
    def scores(self, table: pd.DataFrame) -> pd.Series[float]:
        """Compute the score of each finished run: rows of `points_table` with the rule's columns of the results."""

    @abstractmethod
    def unusable(self, runs: pd.DataFrame) -> int:
        """Count the runs (rows of the results) whose score is no finite number."""


@dataclass(frozen=True)
class RecordedScore(ScoreRule):
    """A score that the results have in a column."""

    columns: tuple[str]
    said: str
    is_one_evaluation: bool = False

    @property
    def words(self) -> str:
        """Description of the score, for captions."""
        return self.said

    def scores(self, table: pd.DataFrame) -> pd.Series[float]:
        """Read the column."""
        return table[self.columns[0]]

    def unusable(self, runs: pd.DataFrame) -> int:
        """Count the runs whose recorded score is no finite number."""
        return int((~np.isfinite(runs[self.columns[0]])).sum())


@dataclass(frozen=True)
class AreaUnderCurve(ScoreRule):
    """The mean score over training, by trapezoids between evaluations."""

    columns = CURVE_COLUMNS
    noun = "score"
    axis = "mean return over training"

    @property
    def words(self) -> str:
        """Description of the score, for captions."""
        return "mean over training (area under its curve; the first evaluation counts from step 0 on)"

    def scores(self, table: pd.DataFrame) -> pd.Series[float]:
        """Average the scores of each curve over its training."""
        curves = curve_arrays(table)
        return _series(table, area_under(curves.times, curves.scores))

    def unusable(self, runs: pd.DataFrame) -> int:
        """Count the runs with an evaluation that is no finite number."""
        return sum(not np.isfinite(one).all() for one in runs["curve_return"])


@dataclass(frozen=True)
class StepsToThreshold(ScoreRule):
    """The share of training that is left when the curve first reaches a threshold; 0 if it never does."""

    threshold: Threshold
    is_return = False
    columns = ("score", *CURVE_COLUMNS)
    noun = "score"
    axis = "share of training left"

    @property
    def words(self) -> str:
        """Description of the score, for captions."""
        return (
            f"share of training left when an evaluation first reaches {self.threshold.words} "
            "(0 if none does: such a run counts as if it got there at the end)"
        )

    @property
    def one_scale(self) -> bool:
        """Whether scores of two sweeps compare."""
        return self.threshold.one_scale

    def scores(self, table: pd.DataFrame) -> pd.Series[float]:
        """Compute the share of training that is left. Raises ScoreRuleError if a dataset has no threshold."""
        curves = curve_arrays(table)
        thresholds = _checked(table, self.threshold.of(table))
        return _series(table, 1.0 - first_reached(curves.times, curves.scores, thresholds))

    def unusable(self, runs: pd.DataFrame) -> int:
        """Count no run, because one that never reaches the threshold has a score, too."""
        return 0


ScoreRule.FINAL = RecordedScore(("score",), "evaluation at the last step", is_one_evaluation=True)
ScoreRule.BEST = RecordedScore(("score_best",), "best evaluation of the run (optimistic)")
ScoreRule.LAST3 = RecordedScore(("score_last3",), "mean of the last three evaluations")
ScoreRule.AREA = AreaUnderCurve()
_FIXED = {
    ScoreWord.FINAL: ScoreRule.FINAL,
    ScoreWord.BEST: ScoreRule.BEST,
    ScoreWord.LAST3: ScoreRule.LAST3,
    ScoreWord.AREA: ScoreRule.AREA,
}
"""Rules without a threshold."""


def score_rule(word: ScoreWord, threshold: str | None = None) -> ScoreRule:
    """Find the rule of a name. Raises ScoreRuleError if the threshold cannot be read, or the rule takes none."""
    if word in _FIXED:
        if threshold is None:
            return _FIXED[word]
        expected = f"--score {ScoreWord.STEPS}, which alone takes a threshold"
        raise ScoreRuleError(Problem("--threshold", found=f"{threshold!r} beside --score {word}", expected=expected))
    found = USUAL_THRESHOLD if threshold is None else threshold_of(threshold)
    if found is None:
        expected = "a share of the best score as in 90%, `cloning`, or a score as in 0.5"
        raise ScoreRuleError(Problem("--threshold", found=repr(threshold), expected=expected))
    return StepsToThreshold(found)


def _checked(table: pd.DataFrame, thresholds: pd.Series[float]) -> Floats:
    """Return the thresholds as an array. Raises ScoreRuleError if a dataset has none."""
    unknown = table[~np.isfinite(thresholds)]
    names = sorted({f"{row.task} {row.dataset} ({row.source})" for row in unknown.itertuples()})
    if names:
        raise ScoreRuleError(
            *(
                Problem(
                    "--threshold",
                    found=f"no threshold on {name}",
                    expected="a finished run of behaviour cloning (AWR with alpha 0) on every dataset, or another threshold",
                )
                for name in names
            )
        )
    return np.asarray(thresholds, dtype=np.float64)


def _series(table: pd.DataFrame, values: Floats) -> pd.Series[float]:
    import pandas as pd

    return pd.Series(values, index=table.index, dtype="float64")
