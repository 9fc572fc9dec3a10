"""Counts places among bars that may be tied. A bar that never varied is not taken for a sure one."""

from __future__ import annotations

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import EQUAL, Floats, compared


def top_shares(values: Floats, places: int) -> Floats:
    """Compute which share of all tie-breaks puts each value among the first `places` of the last axis; 0 without a value."""
    above, equal = compared(values)
    shares: Floats = np.where(np.isfinite(values), np.clip((places - above) / np.maximum(equal, 1), 0.0, 1.0), 0.0)
    return shares


def with_borrowed_spread(samples: Floats) -> Floats:
    """Let bars with one score in all resamples (R, X) of a panel vary as its other bars do.

    A bar may score 1 in all seeds because it never fails, or because no failure happened to be seen. A resample of its seeds
    cannot know. Each such bar takes the deviations of the others in turn, from other resamples than they have them in.
    """
    there = np.isfinite(samples)
    known = there.any(axis=0)
    filled = np.where(there, samples, 0.0)
    middle = filled.sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    off = np.where(there, samples - middle, 0.0)
    frozen = known & (np.abs(off).max(axis=0) <= EQUAL * np.abs(filled).max(axis=0))
    lenders = off[:, known & ~frozen]
    if not lenders.shape[1]:
        return samples
    found = samples.copy()
    turns = np.arange(len(samples))
    for x in np.flatnonzero(frozen):
        found[:, x] += lenders[(turns + x + 1) % len(turns), turns % lenders.shape[1]]
    return found
