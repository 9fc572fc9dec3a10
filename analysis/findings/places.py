"""Counts the panels in which each decomposition is first or second, with resamples of the seeds.

Bars are compared on the seeds that all bars of their panel have, in resamples too. Each task's seeds are drawn alone, so the
variances of the tasks' counts add.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import welch_freedom
from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Integers, bootstrap_best, resample_weights
from recipe_sweep.analysis.estimators.ties import top_shares, with_borrowed_spread
from recipe_sweep.analysis.findings.common_seeds import compared
from recipe_sweep.analysis.findings.panels import Panel, TaskPanels
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

RESAMPLES = 1000
BOOTSTRAP_SEED = 1
PLACES = 2
"""A bar leads if it is among so many of its panel."""
SHRUNK = 2.0 / 3.0
"""Equal bars' places vary so much less in resamples than between sweeps: p (1 - p) with p even in (0, 1), over a quarter."""


class Places(NamedTuple):
    """Counts of X decompositions in the panels of N tasks, with R resamples. Tasks without a panel that counts are left out."""

    counts: Floats
    """(X,): panels in which a decomposition is first or second; ties count by the share of tie-breaks"""
    samples: Floats
    """(N, R, X): a task's counts in resamples of its seeds"""
    seeds: Integers
    """(N,): the fewest seeds of any bar of the task"""
    ranked: Booleans
    """(X,): whether a decomposition has a bar in any of these panels"""
    chance: float
    """the count that chance would give to one decomposition"""
    panels: int

    def spread(self, weights: Floats) -> Spread:
        """Compute the standard error of a sum of the counts with weights (X,), and its degrees of freedom."""
        freedom = np.maximum(self.seeds - 1, 1)
        # The bootstrap's variance has the population form. Resamples scatter around the sample's places, not around even odds.
        squared = (self.samples @ weights).var(axis=1) * (freedom + 1) / freedom / SHRUNK
        return Spread(float(np.sqrt(squared.sum())), welch_freedom(squared, freedom))


class Spread(NamedTuple):
    """A standard error and its degrees of freedom."""

    error: float
    freedom: float


def places(blocks: Sequence[TaskPanels]) -> Places | None:
    """Count places in the panels where every bar can be ranked and Mix is not alone; None without such a panel."""
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    counts: Floats = np.zeros(len(Decomposition.members()))
    ranked: Booleans = np.zeros(len(counts), dtype=np.bool_)
    samples, seeds, bars = [], [], list[int]()
    for block in blocks:
        weights = resample_weights(rng, RESAMPLES, len(block.scores.seeds))
        panels = [panel for panel in block.cells if _counts(panel)]
        if not panels:
            continue
        drawn = bootstrap_best(compared(block.scores).scores, weights)
        samples.append(sum(_sampled(panel, drawn) for panel in panels))
        for panel in panels:
            counts[_bars(panel)] += panel.top_shares(PLACES)
            ranked[_bars(panel)] = True
        seeds.append(min(bar.seeds for panel in panels for bar in panel.bars))
        bars += [len(panel.bars) for panel in panels]
    if not bars:
        return None
    chance = sum(min(PLACES, several) / several for several in bars)
    return Places(counts, np.stack(samples), np.array(seeds), ranked, chance, len(bars))


def _sampled(panel: Panel, drawn: Floats) -> Floats:
    """Find each decomposition's place (R, X) in a panel, in resampled scores (R, X, V, E)."""
    assert panel.value_learning is not None
    assert panel.extraction is not None
    v, e = ValueLearning.place(panel.value_learning), Extraction.place(panel.extraction)
    samples: Floats = np.zeros(drawn.shape[:2])
    samples[:, _bars(panel)] = top_shares(with_borrowed_spread(drawn[:, _bars(panel), v, e]), PLACES)
    return samples


def _bars(panel: Panel) -> list[int]:
    return [Decomposition.place(bar.decomposition) for bar in panel.bars]


def _counts(panel: Panel) -> bool:
    """Tell whether `standing` counts a panel for Mix."""
    return len(panel.bars) > 1 and panel.ranked and panel.bar(Decomposition.MIX) is not None
