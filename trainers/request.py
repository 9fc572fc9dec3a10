"""What a worker asks of a training: one pack, its data, where its state lies, and how it runs. Nothing here loads PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.trainers.outcome import Floors, PackProgress


def _tell_nobody(progress: PackProgress) -> None:
    """Drop the progress."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class TrainRequest:
    """One pack to train. Every workload's `train_pack` takes one, so that a new wish is a field and no further parameter."""

    points: Sequence[DesignPoint]
    """of one pack"""
    data_root: Path
    data_hash: str | None
    """of the dataset that is meant; None takes whatever is there"""
    checkpoint_dir: Path
    """where the pack's state is saved, and looked for first"""
    resume_dirs: Sequence[Path] = ()
    """checkpoints of larger packs that may hold these runs"""
    device: str = "cpu"
    threads: int = 1
    keep: Keep = Keep.ACTOR
    """the final weights that the outcome holds"""
    checkpoint_minutes: float = 10.0
    floors: Floors = field(default_factory=dict)
    """the returns under which runs are pruned"""
    progress: Callable[[PackProgress], None] = _tell_nobody
    """called about every second, and after every step that takes longer"""
    should_stop: Callable[[], bool] = _never
    """asked now and then whether to save and return early"""
