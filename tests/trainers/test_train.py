"""What `train_pack` tells while it trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Decomposition, Keep, ValueLearning
from recipe_sweep.trainers import train
from recipe_sweep.trainers.outcome import PackProgress
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.train import train_pack
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
