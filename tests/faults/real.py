"""The real training as a workload that says aloud what it does, on a disk that takes its time. It computes the very same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from recipe_sweep.sweep.worker import workload
from recipe_sweep.sweep.worker.workload import prepare_data
from recipe_sweep.trainers import checkpoint, train
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.outcome import PackOutcome, PackProgress
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.train import PackTrainer
from tests.faults.moments import Phase
from tests.faults.slow_disk import BROKEN, slow_disk, telling

__all__ = ["prepare_data", "train_pack"]


def train_pack(request: TrainRequest) -> PackOutcome:
    if (request.data_root / BROKEN).exists():
        raise ArithmeticError("it was told to fail")
    slow_disk()
    save, evaluate, advance = checkpoint.save, train.evaluate, PackTrainer.advance
    with telling(request.checkpoint_dir) as teller:

        def saying_save(directory: Path, learner: Learner, *others: Any, **more: Any) -> None:
            teller.say(Phase.CHECKPOINT)
            save(directory, learner, *others, **more)
            teller.saved(learner.steps_taken)

        def saying_evaluate(*arguments: Any) -> Any:
            teller.at(arguments[3])
            teller.say(Phase.EVALUATION)
            returns = evaluate(*arguments)
            teller.say(Phase.STEP)
            return returns

        def saying_advance(trainer: PackTrainer, *arguments: Any) -> bool:
            due = advance(trainer, *arguments)
            teller.at(trainer.step)
            return due

        def saying_progress(now: PackProgress) -> None:
            teller.at(now.step)
            request.progress(now)

        with (
            patch.object(checkpoint, "save", saying_save),
            patch.object(train, "evaluate", saying_evaluate),
            patch.object(PackTrainer, "advance", saying_advance),
        ):
            return workload.train_pack(replace(request, progress=saying_progress))
