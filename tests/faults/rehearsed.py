"""A rehearsal as a workload that says aloud what it does, on a disk that takes its time. It makes up the very same numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from recipe_sweep.sweep.worker import rehearsal
from recipe_sweep.sweep.worker.rehearsal import prepare_data
from recipe_sweep.trainers.outcome import PackOutcome, PackProgress
from recipe_sweep.trainers.request import TrainRequest
from tests.faults.moments import Phase
from tests.faults.slow_disk import slow_disk, telling

__all__ = ["prepare_data", "train_pack"]


def train_pack(request: TrainRequest) -> PackOutcome:
    slow_disk()
    write = rehearsal.replace_json
    with telling(request.checkpoint_dir) as teller:

        def saying_write(path: Path, content: dict[str, Any]) -> None:
            teller.say(Phase.CHECKPOINT)
            write(path, content)
            teller.saved(content["step"])

        def saying_progress(now: PackProgress) -> None:
            teller.at(now.step)
            request.progress(now)

        with patch.object(rehearsal, "replace_json", saying_write):
            return rehearsal.train_pack(replace(request, progress=saying_progress))
