"""The real training as a workload that notes each step on its machine's disk, which outlives the machine's power.

It computes the very same. A checkpoint counts as saved when the sweep has it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from recipe_sweep.sweep.worker import workload
from recipe_sweep.sweep.worker.workload import prepare_data
from recipe_sweep.trainers.outcome import PackOutcome, PackProgress
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.train import PackTrainer
from tests.faults.moments import Phase, Teller
from tests.lab.machines import DISK

__all__ = ["prepare_data", "train_pack"]

NOTES = DISK / "moments"


def train_pack(request: TrainRequest) -> PackOutcome:
    """Train one pack with PyTorch, and note how far it is."""
    advance, reached = PackTrainer.advance, 0
    with closing(Teller(NOTES, request.checkpoint_dir.name)) as teller:

        def noting_advance(trainer: PackTrainer, *arguments: Any) -> bool:
            nonlocal reached
            due = advance(trainer, *arguments)
            reached = trainer.step
            teller.at(reached)
            return due

        def noting_progress(now: PackProgress) -> None:
            nonlocal reached
            reached = now.step
            teller.at(reached)
            request.progress(now)

        def noting_saved() -> None:
            request.saved()
            teller.saved(reached)

        with patch.object(PackTrainer, "advance", noting_advance):
            outcome = workload.train_pack(replace(request, progress=noting_progress, saved=noting_saved))
        teller.say(Phase.PUBLISH)
        return outcome
