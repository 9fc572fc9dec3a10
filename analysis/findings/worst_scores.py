"""Reads a sweep a second time, with every diverged run at the worst score of its task and dataset.

A diverged run has the score of its last evaluation, which says little. A design that diverges often may look good by it.
What holds in both readings does not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.scores import TaskScores

WORDS = "with diverged runs at the worst score of their dataset"
_RESAMPLES = 2
"""Only places and claims are read from these panels, and no interval of a bar."""


def at_worst(blocks: Sequence[TaskPanels]) -> tuple[TaskPanels, ...]:
    """Make the panels with diverged runs at the worst score; empty if no run diverged."""
    if not any(block.scores.diverged.any() for block in blocks):
        return ()
    rng = np.random.default_rng(0)
    return tuple(task_panels(lowered(block.scores), rng, _RESAMPLES) for block in blocks)


def lowered(task: TaskScores) -> TaskScores:
    """Give every diverged run the lowest score that any run of its dataset has."""
    there = np.isfinite(task.scores)
    worst = np.where(there, task.scores, np.inf).min(axis=(0, 1, 2, 4, 5))
    return replace(task, scores=np.where(task.diverged & there, worst[:, None, None], task.scores))
