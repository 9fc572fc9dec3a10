"""Measures how far actions of policies are from the actions in the data (Figure 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Integers

if TYPE_CHECKING:
    from scipy.spatial import ConvexHull

NEIGHBOURS = 10
"""Number of transitions with the nearest observations, whose actions a policy's action is compared with."""

_AT_ONCE = 500  # rows: 40 MB of distances at 10,000 others


def spans_a_plane(actions: Floats) -> bool:
    """Check that actions (R, 2) have a convex hull: at least three of them, not all on one line."""
    return len(actions) > 2 and bool(np.linalg.matrix_rank(actions - actions.mean(axis=0)) == 2)


def hull(actions: Floats) -> ConvexHull:
    """Compute the convex hull of actions (R, 2)."""
    from scipy.spatial import ConvexHull

    return ConvexHull(actions)


def outside(region: ConvexHull, points: Floats) -> Booleans:
    """Mark the points (M, 2) that lie outside a hull: (M,)."""
    normals, offsets = region.equations[:, :-1], region.equations[:, -1]
    beyond: Booleans = np.any(points @ normals.T + offsets > 1e-9, axis=1)
    return beyond


def neighbours(asked: Floats, others: Floats) -> Integers:
    """Find the NEIGHBOURS nearest of the others (R, O) to each observation (M, O): indices (M, NEIGHBOURS).

    Each component is measured in standard deviations of the others. Constant components are ignored.
    """
    spread = others.std(axis=0)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0.0)
    a, b = asked * scale, others * scale
    count = min(NEIGHBOURS, len(others))
    pieces = []
    for start in range(0, len(a), _AT_ONCE):
        part = a[start : start + _AT_ONCE]
        squares = (part**2).sum(axis=1)[:, None] - 2.0 * part @ b.T + (b**2).sum(axis=1)
        pieces.append(np.argpartition(squares, count - 1, axis=1)[:, :count])
    return np.concatenate(pieces).astype(np.int64)


def distance_to_data(actions: Floats, near: Integers, others: Floats) -> Floats:
    """Measure the distance (M,) of actions (M, A) to the nearest action of the `near` transitions among others (R, A)."""
    gaps: Floats = np.linalg.norm(others[near] - actions[:, None], axis=-1).min(axis=1)
    return gaps
