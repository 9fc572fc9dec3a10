"""Counts panels of Figure 7: those in which a decomposition leads, and those in which no bar is above behaviour cloning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.search_spaces.vocabulary import Decomposition


class Standing(NamedTuple):
    """How often a decomposition is best or runner-up. Only panels count in which every bar can be ranked."""

    decomposition: Decomposition
    best: float
    runner_up: float
    """ties count by the share of tie-breaks that put it there"""
    panels: int
    unranked: int
    """panels that are not counted, because a bar lacks a dataset or shares no seed with another"""
    tied: int
    """panels in which another bar has exactly its score"""


def standing(blocks: tuple[TaskPanels, ...], decomposition: Decomposition) -> Standing:
    """Count the panels in which a decomposition is best or runner-up (paper 5.2). Marginal panels do not count."""
    panels = [panel for block in blocks for panel in block.cells if len(panel.bars) > 1]
    cells = [panel for panel in panels if panel.bar(decomposition) is not None]
    ranked = [panel for panel in cells if panel.ranked]
    places = [[bar.decomposition for bar in panel.bars].index(decomposition) for panel in ranked]
    found = list(zip(ranked, places, strict=True))
    best, leads = (math.fsum(panel.top_shares(many)[x] for panel, x in found) for many in (1, 2))
    # Its rank is the best that a tied bar can have, so only some of the tie-breaks give it.
    tied = sum(bool(panel.top_shares(panel.bars[x].rank)[x] < 1.0) for panel, x in found)
    return Standing(decomposition, best, leads - best, len(ranked), len(cells) - len(ranked), tied)


class UnderCloning(NamedTuple):
    """Panels in which no bar is above behaviour cloning."""

    panels: int
    of: int
    """panels that have bars beside a score of cloning"""


def under_cloning(blocks: Sequence[TaskPanels]) -> UnderCloning:
    """Count the panels, without those that average, in which no bar is above behaviour cloning."""
    tops = [
        (max(values), block.cloning)
        for block in blocks
        for panel in block.cells
        if np.isfinite(block.cloning) and (values := [bar.score for bar in panel.bars if np.isfinite(bar.score)])
    ]
    return UnderCloning(sum(top <= cloning for top, cloning in tops), len(tops))
