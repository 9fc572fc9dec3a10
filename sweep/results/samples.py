"""What figures ask of kept weights and datasets: the answers, as plain arrays, and who gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

Floats = NDArray[np.float64]


class PolicyActions(NamedTuple):
    """What the policy of one run does at the sample's transitions: `mu` (M, N, A), not clipped."""

    run_id: str
    decomposition: Decomposition
    extraction: Extraction
    alpha: float
    seed: int
    mu: Floats


class ActionSample(NamedTuple):
    """M transitions of a dataset, R others of it to compare with, and what policies do at the first."""

    task: str
    dataset: str
    bounds: tuple[float, float]
    observations: Floats
    """(M, N, O)"""
    actions: Floats
    """(M, N, A)"""
    other_observations: Floats
    """(R, N, O)"""
    other_actions: Floats
    """(R, N, A)"""
    policies: tuple[PolicyActions, ...]


class GameTables(NamedTuple):
    """What one decomposition has learned of the two-step game, in S seeds."""

    decomposition: Decomposition
    q: NDArray[np.floating]
    """(S, 3, 2, 2): joint value in state 1, 2-1 and 2-2, by the action of agent A (rows; in state 1 action 0 leads to 2-1) and
    of agent B (columns), in units of reward"""
    greedy_return: NDArray[np.floating]
    """(S,): undiscounted return of the greedy joint policy"""


class LearnedQ(NamedTuple):
    """What one run's critic thinks of the sample's actions: min_k Q_{a,k} (M, N) and min_k of the total (M,)."""

    value_learning: ValueLearning
    alpha: float
    tau: float | None
    seed: int
    q: Floats
    total: Floats


class ValueSample(NamedTuple):
    """M transitions of a dataset, their actions (M, N, A), and what one run of each value learner thinks of them."""

    task: str
    dataset: str
    actions: Floats
    learned: tuple[LearnedQ, ...]


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


class TrainedRuns(Protocol):
    """The runs of a sweep and what their kept weights know. A figure chooses its runs from them, and asks these.

    Everything is looked up when a figure asks, because reading weights and datasets takes seconds.
    """

    def wanted(self) -> tuple[DesignPoint, ...] | Lacking:
        """All runs that the report is about, trained or not; why nothing can be asked of any."""
        ...

    def kept(self, *, critics: bool) -> tuple[DesignPoint, ...] | Lacking:
        """Those that are finished and whose policies were kept, or whose `critics` were as well."""
        ...

    def actions(self, points: Sequence[DesignPoint]) -> ActionSample | Lacking:
        """What the policies of these runs, all of one dataset, do where its data were collected."""
        ...

    def values(self, points: Sequence[DesignPoint]) -> ValueSample | Lacking:
        """What the critics of these runs, all of one dataset, think of its actions."""
        ...

    def game_tables(self, points: Sequence[DesignPoint]) -> tuple[GameTables, ...] | Lacking:
        """What the critics of these runs, all of the two-step game, learned of it: one table per decomposition."""
        ...

    def data_returns(self, run_id: str) -> DataReturns | None:
        """Returns of the dataset of one run; None where it is not at hand."""
        ...


Learned = TrainedRuns
"""The name that reports know it by."""


class NothingLearned:
    """Stands for the trained runs where there are no weights and datasets, as in a rehearsal. Says why to whatever is asked."""

    def __init__(self, why: str = "the weights of its runs are not at hand") -> None:
        self._why = Lacking(why)

    def wanted(self) -> Lacking:
        """See TrainedRuns."""
        return self._why

    def kept(self, *, critics: bool) -> Lacking:
        """See TrainedRuns."""
        return self._why

    def actions(self, points: Sequence[DesignPoint]) -> Lacking:
        """See TrainedRuns."""
        return self._why

    def values(self, points: Sequence[DesignPoint]) -> Lacking:
        """See TrainedRuns."""
        return self._why

    def game_tables(self, points: Sequence[DesignPoint]) -> Lacking:
        """See TrainedRuns."""
        return self._why

    def data_returns(self, run_id: str) -> None:
        """See TrainedRuns."""
        return
