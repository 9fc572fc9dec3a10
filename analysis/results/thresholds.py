"""Scores that a learning curve is to reach: a share of the best one, behaviour cloning's, or a number."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.vocabulary import Extraction

if TYPE_CHECKING:
    import pandas as pd

DATASET = ("task", "source", "dataset", "dataset_version", "dataset_seed", "dataset_size", "chance")
"""Columns that identify a dataset."""


class Threshold(ABC):
    """A score for each dataset."""

    one_scale = False
    """Whether it is the same score in two sweeps."""

    @property
    @abstractmethod
    def words(self) -> str:
        """Description of the score, for captions."""

    @abstractmethod
    def of(self, table: pd.DataFrame) -> pd.Series[float]:
        """Compute the score of each row's dataset. NaN if it is not known. `table` is `points_table` with `score`."""


@dataclass(frozen=True)
class ShareOfBest(Threshold):
    """A share of the highest mean final score of any configuration on the dataset; that score itself if it is below 0."""

    share: float

    @property
    def words(self) -> str:
        """Description of the score, for captions."""
        return f"{100.0 * self.share:g} % of the best mean score on its dataset"

    def of(self, table: pd.DataFrame) -> pd.Series[float]:
        """Compute the score of each row's dataset."""
        means = table.groupby([*DATASET, "config_id"], dropna=False)["score"].transform("mean")
        best = table.assign(mean=means).groupby(list(DATASET), dropna=False)["mean"].transform("max")
        return best.where(best < 0.0, self.share * best)


@dataclass(frozen=True)
class ScoreOfCloning(Threshold):
    """Behaviour cloning's mean final score on the dataset, in this sweep."""

    @property
    def words(self) -> str:
        """Description of the score, for captions."""
        return "behaviour cloning's score on its dataset"

    def of(self, table: pd.DataFrame) -> pd.Series[float]:
        """Compute the score of each row's dataset. NaN if the sweep has no run of cloning there."""
        clones = cloning_runs(table)
        own = table["score"].where(clones)
        return table.assign(own=own).groupby(list(DATASET), dropna=False)["own"].transform("mean")


@dataclass(frozen=True)
class FixedScore(Threshold):
    """One score for all datasets."""

    score: float
    one_scale = True

    @property
    def words(self) -> str:
        """Description of the score, for captions."""
        return f"a score of {self.score:g}"

    def of(self, table: pd.DataFrame) -> pd.Series[float]:
        """Repeat the score for each row."""
        import pandas as pd

        return pd.Series(self.score, index=table.index, dtype="float64")


def cloning_runs(table: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows of `points_table` are behaviour cloning."""
    return table["alpha"] == table["extraction"].map({one.value: one.cloning_alpha for one in Extraction.members()})


def threshold_of(text: str) -> Threshold | None:
    """Read a threshold: `90%`, `cloning` or a number. None if the text is none of them."""
    if text == "cloning":
        return ScoreOfCloning()
    share = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    if share:
        value = float(share[1]) / 100.0
        return ShareOfBest(value) if 0.0 < value <= 1.0 else None
    return FixedScore(float(text)) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None
