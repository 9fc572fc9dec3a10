"""What training one pack tells while it goes on, and comes to. Nothing here loads PyTorch, so that a rehearsal need not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.results import CurvePoint, RunResult, RunStatus
from recipe_sweep.trainers.task import ReturnScale

Arrays = Mapping[str, NDArray[np.floating]]
"""The final parameters of one run, by their names."""


Floors = Mapping[str, Mapping[int, float]]
"""By run_id and step: the return under which a run is pruned at the evaluation of that step."""
NO_FLOORS: Floors = {}


def is_pruned(run_id: str, evaluation: CurvePoint, floors: Floors) -> bool:
    """Whether a run ends at this evaluation."""
    return evaluation.return_mean < floors.get(run_id, {}).get(evaluation.step, -math.inf)


def until_pruned(result: RunResult, floors: Floors) -> RunResult:
    """What a run that was trained to its end would have been under these floors; the last evaluation prunes nothing."""
    at = next((at for at, each in enumerate(result.curve[:-1], 1) if is_pruned(result.run_id, each, floors)), None)
    if at is None:
        return result
    curve = result.curve[:at]
    recorded = sum(step < curve[-1].step for step in result.diagnostics_steps)
    diagnostics = {name: values[:recorded] for name, values in result.diagnostics.items()}
    return RunResult(result.run_id, RunStatus.PRUNED, None, curve, result.diagnostics_steps[:recorded], diagnostics)


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
    weights: dict[str, Arrays]
    wall_s: float
    cpu_s: float
