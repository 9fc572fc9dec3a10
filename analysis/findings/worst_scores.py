"""Reads a sweep a second time, with every diverged run at the worst score of its task and dataset.

A diverged run has the score of its last evaluation, which says little. A design that diverges often may look good by it.
What holds in both readings does not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from recipe_sweep.analysis.findings.panels import TaskPanels

WORDS = "with diverged runs at the worst score of their dataset"


def at_worst(blocks: Sequence[TaskPanels]) -> tuple[TaskPanels, ...]:
    """List the panels with diverged runs at the worst score; empty if no run diverged."""
    return tuple(block.at_worst for block in blocks) if any(block.scores.diverged.any() for block in blocks) else ()
