"""Progress and outcome of training a pack. Nothing here loads PyTorch, so that a rehearsal need not load it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.results import CurvePoint, RunResult, RunStatus
from recipe_sweep.trainers.task import ReturnScale

Arrays = Mapping[str, NDArray[np.floating]]
"""Final parameters of one run by name."""


Floors = Mapping[str, Mapping[int, float]]
"""Returns by run_id and step. A run is pruned if its evaluation at this step is below the return."""
NO_FLOORS: Floors = {}


def is_pruned(run_id: str, evaluation: CurvePoint, floors: Floors) -> bool:
    """Tell whether a run is pruned at this evaluation."""
    return evaluation.return_mean < floors.get(run_id, {}).get(evaluation.step, -math.inf)


def until_pruned(result: RunResult, floors: Floors) -> RunResult:
    """Cut a finished run's result where these floors would have pruned the run. The last evaluation prunes nothing."""
    at = next((at for at, each in enumerate(result.curve[:-1], 1) if is_pruned(result.run_id, each, floors)), None)
    if at is None:
        return result
    curve = result.curve[:at]
    recorded = sum(step < curve[-1].step for step in result.diagnostics_steps)
    diagnostics = {name: values[:recorded] for name, values in result.diagnostics.items()}
    return RunResult(result.run_id, RunStatus.PRUNED, None, curve, result.diagnostics_steps[:recorded], diagnostics)


class PackProgress(NamedTuple):
    """Progress of a pack. `curves` are the evaluations so far by run_id, in units of reward; `scale` turns them into scores."""

    step: int
    steps: int
    lanes: int
    diverged: int
    curves: dict[str, tuple[CurvePoint, ...]]
    scale: ReturnScale


class PackOutcome(NamedTuple):
    """Result of `train_pack`. Seconds are the pack's, summed over all attempts that a checkpoint has recorded.

    `evaluation_s` is the part of `wall_s` that evaluations took; None if nobody measured it. `pack_dependent` says whether
    a run's last digits depend on the other runs of its pack.
    """

    complete: bool
    results: tuple[RunResult, ...]
    scale: ReturnScale
    data_hash: str
    weights: dict[str, Arrays]
    wall_s: float
    cpu_s: float
    evaluation_s: float | None = None
    pack_dependent: bool = False
