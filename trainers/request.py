"""A request to train one pack: the pack, its data, the place of its state, and how it runs. Nothing here loads PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.trainers.outcome import Floors, PackProgress


def _tell_nobody(progress: PackProgress) -> None:
    """Ignore the progress."""


def _never() -> bool:
    return False


def _leave() -> None:
    """Leave a checkpoint where it was written."""


@dataclass(frozen=True)
class TrainRequest:
    """One pack to train. Every workload's `train_pack` takes it, so that a new option is a field and not a parameter."""

    points: Sequence[DesignPoint]
    """points of one pack"""
    data_root: Path
    data_hash: str | None
    """content hash that the dataset must have; None accepts any"""
    checkpoint_dir: Path
    """directory in which the pack's state is saved, and from which it is resumed first"""
    resume_dirs: Sequence[Path] = ()
    """directories with checkpoints of larger packs that may hold these runs"""
    device: str = "cpu"
    threads: int = 1
    keep: Keep = Keep.ACTOR
    """final weights that the outcome holds"""
    checkpoint_minutes: float = 10.0
    floors: Floors = field(default_factory=dict)
    """returns under which runs are pruned"""
    progress: Callable[[PackProgress], None] = _tell_nobody
    """function that is called about every second, and after every step that takes longer"""
    should_stop: Callable[[], bool] = _never
    """function that is called from time to time and says whether to save and return early"""
    saved: Callable[[], None] = _leave
    """function that is called after each checkpoint"""
