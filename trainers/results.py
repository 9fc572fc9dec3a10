"""The result of training one run, as plain values. Nothing here uses tensors, files or sweeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class RunStatus(StrEnum):
    """How a run ended. A diverged run is a scientific outcome and counts with its score. A pruned run has no score."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    PRUNED = "pruned"
    """A search ended the run at an evaluation, because the run was worse than earlier ones. Its curve ends there."""


@dataclass(frozen=True)
class CurvePoint:
    """One evaluation: mean and population standard deviation of the episode returns, in units of reward.

    `win_rate` is the share of episodes that were won; None for a task without winners.
    """

    step: int
    return_mean: float
    return_std: float
    win_rate: float | None = None


@dataclass(frozen=True)
class RunResult:
    """One finished run. Its curve is empty if it was not evaluated.

    `diagnostics` maps a metric's name to one value per entry of `diagnostics_steps`. It is NaN if the metric does not apply at
    that step. `diverged_step` is the gradient step at which the lane was frozen.
    """

    run_id: str
    status: RunStatus
    diverged_step: int | None
    curve: tuple[CurvePoint, ...]
    diagnostics_steps: tuple[int, ...] = ()
    diagnostics: dict[str, tuple[float, ...]] = field(default_factory=dict)
