"""What `train_pack` tells while it trains, and how many episodes it plays."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Keep, ValueLearning
from recipe_sweep.trainers import train
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.outcome import PackProgress
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import RunResult
from recipe_sweep.trainers.train import PackTrainer, train_pack
from tests.trainers.builders import dataset, family


def test_evaluations_report_progress_as_steps_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens can tell a long evaluation from a training that hangs."""
    monkeypatch.setattr(train, "open_dataset", lambda *_: dataset())
    monkeypatch.setattr(train, "POLL_S", 0.0)
    points = family(Decomposition.VDN, ValueLearning.SARSA, seeds=(0,))
    told: list[PackProgress] = []
    request = TrainRequest(points, tmp_path, data_hash=None, checkpoint_dir=tmp_path, keep=Keep.NONE, progress=told.append)
    outcome = train_pack(request)
    assert outcome.complete
    evaluations = points[0].steps // points[0].eval_every
    assert len(told) == 1 + points[0].steps + 25 * evaluations, (
        "at the start, after each step, and in each step of the episodes"
    )


def longer_at_the_end(episodes: int | None) -> list[DesignPoint]:
    points = family(Decomposition.VDN, ValueLearning.SARSA, seeds=(0, 1))
    return [dataclasses.replace(point, final_episodes=episodes) for point in points]


def trained(points: list[DesignPoint], directory: Path, *, stopped: bool) -> tuple[tuple[RunResult, ...], int]:
    """Train a pack, which may be stopped at each poll; return its results and the number of attempts."""
    request = TrainRequest(
        points, directory, data_hash=None, checkpoint_dir=directory, keep=Keep.NONE, should_stop=lambda: stopped
    )
    outcomes = [train_pack(request)]
    while not outcomes[-1].complete:
        outcomes.append(train_pack(request))
    return outcomes[-1].results, len(outcomes)


def test_the_last_evaluation_has_its_own_number_of_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[int] = []
    evaluate = train.evaluate

    def counted(*arguments: object) -> object:
        played.append(arguments[4])  # type: ignore[arg-type]
        return evaluate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(train, "evaluate", counted)
    for episodes, expected in ((None, [2, 2]), (5, [2, 5]), (1, [2, 1])):
        played.clear()
        trainer = PackTrainer(longer_at_the_end(episodes), dataset())
        while not trainer.finished:
            trainer.advance()
        assert played == expected


def test_a_pack_with_more_episodes_at_the_end_is_stopped_and_goes_on_as_if_it_were_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "open_dataset", lambda *_: dataset())
    points = longer_at_the_end(7)
    straight, _ = trained(points, tmp_path / "straight", stopped=False)
    interrupted, attempts = trained(points, tmp_path / "stopped", stopped=True)
    assert attempts > 1
    assert interrupted == straight


def test_more_episodes_at_the_end_change_no_earlier_evaluation_and_add_to_its_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts: list[np.ndarray] = []
    act = Learner.act

    def watched(self: Learner, x: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        starts.append(x.numpy())
        return act(self, x, noise)

    monkeypatch.setattr(Learner, "act", watched)
    curves, last = [], []
    for episodes in (None, 7):
        trainer = PackTrainer(longer_at_the_end(episodes), dataset())
        starts.clear()
        while not trainer.finished:
            trainer.advance()
        curves.append([result.curve[0] for result in trainer.results()])
        last.append(starts[25])
    assert curves[0] == curves[1]
    assert last[1].shape[1] == 7
    np.testing.assert_array_equal(last[0], last[1][:, :2])
