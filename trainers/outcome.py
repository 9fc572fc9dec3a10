"""What training one pack tells while it goes on, and comes to. Nothing here loads PyTorch, so that a rehearsal need not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trainers.results import CurvePoint, RunResult
from trainers.task import ReturnScale

if TYPE_CHECKING:
    from torch import Tensor


class PackProgress(NamedTuple):
    """How far a pack is. `curves` maps run_id to its evaluations so far, in units of reward; `scale` makes scores of them."""

    step: int
    steps: int
    lanes: int
    diverged: int
    curves: dict[str, tuple[CurvePoint, ...]]
    scale: ReturnScale


class PackOutcome(NamedTuple):
    """What a call of `train_pack` came to. Seconds are the pack's over all attempts that a checkpoint remembers."""

    complete: bool
    results: tuple[RunResult, ...]
    scale: ReturnScale
    data_hash: str
    weights: dict[str, dict[str, Tensor]]
    wall_s: float
    cpu_s: float
