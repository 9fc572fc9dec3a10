"""What a figure is drawn from and what comes of drawing it: the types that the registry and the figures share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from recipe_sweep.analysis.figures.captions import Coverage
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.results.frame import Results
from recipe_sweep.analysis.results.scores import ScoreRule

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from recipe_sweep.analysis.figures.figure1_support import ActionSample
    from recipe_sweep.analysis.figures.figure2_game import GameTables
    from recipe_sweep.analysis.figures.figure8_value_learning import ValueSample


class Lacking(NamedTuple):
    """Why a figure cannot be drawn, as the end of "Figure n is not drawn: ..."."""

    what: str


class DataReturns(NamedTuple):
    """Returns of a dataset's episodes, in units of reward; `highest_value` is the largest discounted one from any of its
    states, so that a larger Q of its actions is more than the data hold."""

    mean: float
    std: float
    min: float
    max: float
    highest_value: float


class Learned(Protocol):
    """What only kept weights and datasets tell. Each is looked up when a figure asks for it, for that takes seconds."""

    def game_tables(self) -> tuple[GameTables, ...] | Lacking:
        """Joint values on the two-step game, one table per decomposition."""
        ...

    def action_sample(self) -> ActionSample | Lacking:
        """What policies do where the data were collected."""
        ...

    def value_sample(self) -> ValueSample | Lacking:
        """What critics think of the data's actions."""
        ...

    def data_returns(self, run_id: str) -> DataReturns | None:
        """Returns of the dataset of one run; None where it is not at hand."""
        ...


class NothingLearned:
    """For reports without weights and datasets, such as a rehearsal's."""

    def __init__(self, why: str = "the weights of its runs are not at hand") -> None:
        self._why = Lacking(why)

    def game_tables(self) -> Lacking:
        """See Learned."""
        return self._why

    def action_sample(self) -> Lacking:
        """See Learned."""
        return self._why

    def value_sample(self) -> Lacking:
        """See Learned."""
        return self._why

    def data_returns(self, run_id: str) -> None:
        """See Learned."""
        return


@dataclass(frozen=True)
class Material:
    """All that figures are drawn from: a sweep's results, the points it wants (`points_table`), and what follows from both."""

    results_dir: Path
    results: Results
    wanted: pd.DataFrame
    blocks: tuple[TaskPanels, ...]
    coverage: Coverage
    rule: ScoreRule
    learned: Learned


class Numbers(NamedTuple):
    """A table that stands beside a figure as a CSV file of this name."""

    name: str
    table: pd.DataFrame


class Drawing(NamedTuple):
    """A figure, the name of its files, what it shows in one sentence, and every number in it."""

    name: str
    figure: Figure
    says: str
    numbers: tuple[Numbers, ...]


@dataclass(frozen=True)
class FigureKind:
    """One entry of the registry."""

    name: str
    number: int | None
    """in the paper; None for figures of our own, which are drawn where the data are there, and not missed elsewhere"""
    title: str
    preset: str
    """has the data that it needs"""
    draw: Callable[[Material], Sequence[Drawing] | Lacking]
