"""Runs that a search ends early: they cost nothing from there on, and nobody else notices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Precision, ValueLearning
from recipe_sweep.trainers import train
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.outcome import Floors, PackOutcome
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import RunStatus
from tests.trainers.builders import dataset, point

POINTS = [
    point(value_learning=ValueLearning.SARSA, alpha=alpha, seed=seed, steps=12, eval_every=4, precision=Precision.FLOAT64)
    for seed in (0, 1)
    for alpha in (0.1, 0.3, 1.0)
]
BAD = POINTS[1].run_id
CERTAIN = {4: 1e9, 8: 1e9}


@pytest.fixture(autouse=True)
def _data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "open_dataset", lambda *_: dataset())


def trained(
    folder: Path, floors: Floors, should_stop: Callable[[], bool] = lambda: False, points: list[DesignPoint] = POINTS
) -> PackOutcome:
    request = TrainRequest(
        points, folder, data_hash=None, checkpoint_dir=folder / "checkpoint", floors=floors, should_stop=should_stop
    )
    return train.train_pack(request)


def test_a_run_under_its_floor_ends_there_and_the_others_learn_what_they_would_have(tmp_path: Path) -> None:
    calm = trained(tmp_path / "calm", {})
    pruned = trained(tmp_path / "pruned", {BAD: {8: 1e9}})
    assert [result.run_id for result in pruned.results] == [each.run_id for each in POINTS], "the order of the pack"
    for before, after in zip(calm.results, pruned.results, strict=True):
        if after.run_id == BAD:
            assert (after.status, after.diverged_step) == (RunStatus.PRUNED, None)
            assert after.curve == before.curve[:2]
            assert after.diagnostics_steps == tuple(step for step in before.diagnostics_steps if step < 8)
            assert {len(values) for values in after.diagnostics.values()} == {len(after.diagnostics_steps)}
        else:
            assert after.status is RunStatus.FINISHED
            assert after.diagnostics_steps == before.diagnostics_steps
            for name, array in calm.weights[after.run_id].items():
                np.testing.assert_allclose(pruned.weights[after.run_id][name], array, rtol=1e-9, atol=1e-12)
    assert pruned.weights.keys() == calm.weights.keys() - {BAD}, "a run that was not trained to its end has no final weights"


def test_a_pruned_run_is_not_computed_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: list[int] = []
    step = Learner.step

    def counted(learner: Learner, *arguments: object, **more: object) -> object:
        lanes.append(len(learner.lanes.actors))
        return step(learner, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "step", counted)
    trained(tmp_path, {each.run_id: {4: 1e9} for each in POINTS[:3]} | {POINTS[4].run_id: {8: 1e9}})
    assert lanes == [6] * 4 + [3] * 4 + [2] * 4


@pytest.mark.parametrize("questions", range(1, 4))
def test_interrupted_anywhere_it_prunes_the_same_and_gives_the_same_numbers(tmp_path: Path, questions: int) -> None:
    floors = {BAD: {4: 1e9}, POINTS[3].run_id: {8: 1e9}}
    whole = trained(tmp_path / "whole", floors)
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == questions

    first = trained(tmp_path / "cut", floors, should_stop)
    assert first.complete is (questions == 3), "it is asked at each evaluation but the last"
    again = trained(tmp_path / "cut", floors)
    assert again.results == whole.results
    for run_id, arrays in whole.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(again.weights[run_id][name], array)


def test_a_pack_of_which_no_run_is_left_is_complete_also_after_a_kill_before_publishing(tmp_path: Path) -> None:
    floors = {each.run_id: CERTAIN for each in POINTS}
    outcome = trained(tmp_path, floors)
    assert outcome.complete
    assert {result.status for result in outcome.results} == {RunStatus.PRUNED}
    assert all(len(result.curve) == 1 for result in outcome.results)
    assert not outcome.weights
    again = trained(tmp_path, floors)
    assert (again.results, again.weights) == (outcome.results, {})


def test_the_last_evaluation_prunes_nothing(tmp_path: Path) -> None:
    outcome = trained(tmp_path, {BAD: {12: 1e9}})
    assert {result.status for result in outcome.results} == {RunStatus.FINISHED}
