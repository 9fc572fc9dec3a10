"""Says how much of the variance over seeds is luck of the evaluations and not of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Booleans
from recipe_sweep.analysis.number_text import NOTHING
from recipe_sweep.analysis.results.scores import TaskScores


class EvaluationNoise(NamedTuple):
    """One task's mean variances over all configurations with at least two seeds."""

    task: str
    over_seeds: float
    evaluation: float

    @property
    def share(self) -> float:
        """Part of the variance over seeds that evaluations cause; above 1 by chance."""
        return self.evaluation / self.over_seeds

    @property
    def texts(self) -> tuple[str, str]:
        """Both standard deviations."""
        return f"{self.over_seeds**0.5:.3f}", f"{self.evaluation**0.5:.3f}"

    @property
    def percent(self) -> str:
        """The share as it is printed, at most 100 %."""
        return f"{100.0 * min(self.share, 1.0):.0f} %" if self.over_seeds > 0.0 else NOTHING


def evaluation_noise(tasks: Sequence[TaskScores]) -> tuple[EvaluationNoise, ...]:
    """Compute the noise of the tasks whose runs state it, and do not all score the same."""
    found = [_of_task(task) for task in tasks]
    return tuple(one for one in found if one is not None and one.evaluation > 0.0 and one.over_seeds > 0.0)


def noise_notes(tasks: Sequence[TaskScores]) -> tuple[str, ...]:
    """Say in a sentence what evaluations cause. Empty where no run states it."""
    found = evaluation_noise(tasks)
    if not found:
        return ()
    each = ", ".join(f"{one.percent} on {one.task}" for one in found)
    return (
        f"Evaluations of few episodes cause a part of the variance over seeds: {each}. More final_episodes make it smaller.",
    )


def _of_task(task: TaskScores) -> EvaluationNoise | None:
    known: Booleans = np.isfinite(task.scores) & np.isfinite(task.evaluation_variance)
    count = known.sum(axis=-1)
    several = count > 1
    if not several.any():
        return None
    counts, there = count[several][:, None], known[several]
    scores = np.where(there, task.scores[several], 0.0)
    off = np.where(there, scores - scores.sum(axis=-1, keepdims=True) / counts, 0.0)
    variances = (off**2).sum(axis=-1, keepdims=True) / (counts - 1)
    noise = np.where(there, task.evaluation_variance[several], 0.0).sum(axis=-1, keepdims=True) / counts
    return EvaluationNoise(task.title, float(variances.mean()), float(noise.mean()))
