"""The stand-in, whose process stops (as by Ctrl-Z) between training and publishing, where it is told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.trainers.outcome import PackOutcome
from tests.sweep import stand_in
from tests.sweep.stand_in import prepare_data

__all__ = ["prepare_data", "train_pack"]

NAME = "tests.faults.sleeper"
ORDER = "sleep"
"""A file in the data directory; whoever finds it takes it away and stops."""


def train_pack(points: Sequence[DesignPoint], *, data_root: Path, **rest: Any) -> PackOutcome:
    outcome = stand_in.train_pack(points, data_root=data_root, **rest)
    if (data_root / ORDER).exists():
        (data_root / ORDER).unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
    return outcome
