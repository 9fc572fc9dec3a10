"""Reads what a sweep's kept weights contain, for figures: policies and critics at the transitions of its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import SweepFile, read_sweep_file
from recipe_sweep.sweep.results.done import DoneRuns, read_done
from recipe_sweep.sweep.results.game import game_tables
from recipe_sweep.sweep.results.samples import (
    ActionSample,
    DataReturns,
    GameTables,
    Lacking,
    LearnedQ,
    NothingLearned,
    PolicyActions,
    TrainedRuns,
    ValueSample,
)

if TYPE_CHECKING:
    from recipe_sweep.trainers.data.stored.dataset import Dataset

Sample = TypeVar("Sample")

ROWS, OTHER_ROWS = 2_000, 10_000
"""Transitions at which policies and critics are evaluated, and further ones to compare with."""


def kept_weights(paths: SweepPaths, points: Sequence[DesignPoint], data_root: Path | None) -> TrainedRuns:
    """Read weights and datasets of the finished `points` when a figure asks. A rehearsal has learned nothing."""

    sweep = read_sweep_file(paths)
    if sweep is None or sweep.rehearsal is not None:
        return NothingLearned("a rehearsal trains nothing")
    return KeptWeights(paths, sweep, points, data_root or Path(sweep.data_root))


class KeptWeights:
    """TrainedRuns from the files of a sweep."""

    def __init__(self, paths: SweepPaths, sweep: SweepFile, points: Sequence[DesignPoint], data_root: Path) -> None:
        self._paths, self._sweep, self._points, self._data_root = paths, sweep, points, data_root

    @cached_property
    def _done(self) -> DoneRuns:
        return read_done(self._paths)

    def wanted(self) -> tuple[DesignPoint, ...]:
        """See TrainedRuns."""
        return tuple(self._points)

    def kept(self, *, critics: bool) -> tuple[DesignPoint, ...]:
        """See TrainedRuns."""
        keeps = {Keep.ALL} if critics else {Keep.ACTOR, Keep.ALL}
        files = self._done.file_of
        ended = (p for p in self._points if p.run_id in files and p.run_id not in self._done.pruned)
        return tuple(p for p in ended if files[p.run_id].keep in keeps)

    def game_tables(self, points: Sequence[DesignPoint]) -> tuple[GameTables, ...] | Lacking:
        """See TrainedRuns."""
        return _or_lacking(lambda: game_tables(self._paths, self._done, points))

    def actions(self, points: Sequence[DesignPoint]) -> ActionSample | Lacking:
        """See TrainedRuns."""
        return _or_lacking(lambda: self._actions(points))

    def _actions(self, points: Sequence[DesignPoint]) -> ActionSample | Lacking:
        from recipe_sweep.trainers.values import policy_actions

        dataset = self._dataset(points[0])
        if isinstance(dataset, Lacking):
            return dataset
        asked, others = _rows(dataset)
        obs = dataset.observations[asked]
        return ActionSample(
            task=points[0].task,
            dataset=points[0].dataset,
            bounds=(dataset.spec.action_low, dataset.spec.action_high),
            observations=obs.double().numpy(),
            actions=dataset.actions[asked].double().numpy(),
            other_observations=dataset.observations[others].double().numpy(),
            other_actions=dataset.actions[others].double().numpy(),
            policies=tuple(
                PolicyActions(
                    p.run_id, p.decomposition, p.extraction, p.alpha, p.seed,
                    policy_actions(p, self._weights(p), dataset.spec, obs),
                )
                for p in points
            ),
        )  # fmt: skip

    def values(self, points: Sequence[DesignPoint]) -> ValueSample | Lacking:
        """See TrainedRuns."""
        return _or_lacking(lambda: self._values(points))

    def _values(self, points: Sequence[DesignPoint]) -> ValueSample | Lacking:
        from recipe_sweep.trainers.values import executed_actions, learned_values

        dataset = self._dataset(points[0])
        if isinstance(dataset, Lacking):
            return dataset
        asked, _ = _rows(dataset)
        obs, actions = dataset.observations[asked], executed_actions(dataset, asked)
        state = obs.flatten(-2) if dataset.states is None else dataset.states[asked]
        learned = []
        for p in points:
            values = learned_values(p, self._weights(p), dataset.spec, obs, state, actions)
            learned.append(LearnedQ(p.value_learning, p.alpha, p.tau, p.seed, values.critic, values.total))
        return ValueSample(points[0].task, points[0].dataset, actions.double().numpy(), tuple(learned))

    def data_returns(self, run_id: str) -> DataReturns | None:
        """Read the returns of the run's dataset. Values are discounted with the run's discount."""
        from recipe_sweep.trainers.data.catalogue import map_dataset
        from recipe_sweep.trainers.data.errors import DataError
        from recipe_sweep.trainers.data.stored.columns import largest_value

        point = next(point for point in self._points if point.run_id == run_id)
        try:
            self._compare(point)
            stored = map_dataset(point, self._data_root)
        except DataError:
            return None
        returns = stored.card.returns
        highest = largest_value(stored.columns.rewards, stored.columns.terminals, point.gamma)
        return DataReturns(returns.mean, returns.std, returns.min, returns.max, highest)

    def _weights(self, point: DesignPoint) -> Mapping[str, Any]:
        from recipe_sweep.sweep.results.weights import run_weights

        file = self._done.file_of[point.run_id]
        return run_weights(self._paths.pack_weights(file.pack_id, file.epoch, file.attempt), point.run_id)

    def _dataset(self, point: DesignPoint) -> Dataset | Lacking:
        from recipe_sweep.trainers.data.catalogue import open_dataset
        from recipe_sweep.trainers.data.errors import DataError

        try:
            self._compare(point)
            return open_dataset(point, self._data_root)
        except DataError as error:
            found, expected = error.problems[0].found, error.problems[0].expected
            return Lacking(
                f"its dataset {point.source}/{point.environment}/{point.dataset} is not in {self._data_root}: "
                f"found {found}, expected {expected}"
            )

    def _compare(self, point: DesignPoint) -> None:
        """Raise DataError if the point's dataset is not the one that it was trained on."""
        from recipe_sweep.trainers.data.comparison import Pin, compare_data

        key = point.dataset_id
        compare_data(point, self._data_root, Pin(self._sweep.data_hashes.get(key), self._sweep.data_fingerprints.get(key)))


def _or_lacking(sample: Callable[[], Sample]) -> Sample | Lacking:
    """Compute a sample, or say that weights which it needs are damaged."""
    try:
        return sample()
    except DamagedFileError as error:
        overlook(error)
        return Lacking(f"{error.path} is damaged")


def _rows(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose fixed rows of a dataset, and others to compare with. They are the same in every report."""
    rows = dataset.rows.numpy()
    chosen = rows[np.random.default_rng(0).permutation(len(rows))[: ROWS + OTHER_ROWS]]
    return chosen[:ROWS], chosen[ROWS:]
