"""The stand-in, whose process stops (as by Ctrl-Z) between training and publishing, where it is told to."""

from __future__ import annotations

import os
import signal

from recipe_sweep.trainers.outcome import PackOutcome
from recipe_sweep.trainers.request import TrainRequest
from tests.sweep import stand_in
from tests.sweep.stand_in import prepare_data

__all__ = ["prepare_data", "train_pack"]

NAME = "tests.faults.sleeper"
ORDER = "sleep"
"""A file in the data directory; whoever finds it takes it away and stops."""


def train_pack(request: TrainRequest) -> PackOutcome:
    outcome = stand_in.train_pack(request)
    order = request.data_root / ORDER
    if order.exists():
        order.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
    return outcome
