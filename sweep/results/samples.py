"""The data that figures need from kept weights and datasets, as plain arrays, and the protocol that provides them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

Floats = NDArray[np.float64]


class PolicyActions(NamedTuple):
    """The actions of one run's policy at the sample's transitions: `mu` (M, N, A), not clipped."""

    run_id: str
    decomposition: Decomposition
    extraction: Extraction
    alpha: float | None
    seed: int
    mu: Floats


class ActionSample(NamedTuple):
    """M transitions of a dataset, R others to compare with, and the actions of policies at the first M."""

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
    """One run's critic values of the sample's actions: min_k Q_{a,k} (M, N) and min_k of the total (M,)."""

    value_learning: ValueLearning
    alpha: float | None
    tau: float | None
    seed: int
    q: Floats
    total: Floats


class ValueSample(NamedTuple):
    """M transitions of a dataset, their actions (M, N, A), and the values from one run of each value learner."""

    task: str
    dataset: str
    actions: Floats
    learned: tuple[LearnedQ, ...]


class Lacking(NamedTuple):
    """Why a figure cannot be drawn, as the end of "Figure n is not drawn: ..."."""

    what: str


class DataReturns(NamedTuple):
    """Returns of a dataset's episodes, in units of reward.

    `highest_value` is the largest discounted return from any state of the dataset. A larger Q of its actions is more than the
    data contain.
    """

    mean: float
    std: float
    min: float
    max: float
    highest_value: float


class TrainedRuns(Protocol):
    """The runs of a sweep and their kept weights. A figure chooses its runs from them, and asks for these runs only.

    Everything is read only when a figure asks, because reading weights and datasets takes seconds.
    """

    def wanted(self) -> tuple[DesignPoint, ...] | Lacking:
        """List all runs of the report, trained or not.

        Lacking says why nothing is known of any of them.
        """
        ...

    def kept(self, *, critics: bool) -> tuple[DesignPoint, ...] | Lacking:
        """List the finished runs whose policies were kept. With `critics`, their critics must be kept, too."""
        ...

    def actions(self, points: Sequence[DesignPoint]) -> ActionSample | Lacking:
        """Compute the actions of these runs' policies at the transitions of their dataset. All runs have one dataset."""
        ...

    def values(self, points: Sequence[DesignPoint]) -> ValueSample | Lacking:
        """Compute the critic values of these runs for the actions of their dataset. All runs have one dataset."""
        ...

    def game_tables(self, points: Sequence[DesignPoint]) -> tuple[GameTables, ...] | Lacking:
        """Make one table per decomposition of what the critics of these runs learned. All are runs of the two-step game."""
        ...

    def data_returns(self, run_id: str) -> DataReturns | None:
        """Return the returns of one run's dataset; None if the dataset is not on this machine."""
        ...


class NothingLearned:
    """Replaces the trained runs if there are no weights and datasets, as in a rehearsal. Every answer says why."""

    def __init__(self, why: str = "the weights of its runs are not available") -> None:
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
