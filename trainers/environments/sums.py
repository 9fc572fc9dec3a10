"""Sums whose order is fixed, so that an episode's numbers do not depend on the size of its batch."""

from __future__ import annotations

import numpy as np

from recipe_sweep.trainers.task import FloatArray


def ordered_sum(values: FloatArray) -> FloatArray:
    """Sum values (..., n) over the short last axis, first to last: (...). NumPy's own order depends on the layout."""
    total: FloatArray = values[..., 0].copy()
    for k in range(1, values.shape[-1]):
        np.add(total, values[..., k], out=total)
    return total


def mean_over_agents(rewards: FloatArray) -> FloatArray:
    """Average rewards (..., N) over agents: (...). This is what one step adds to an episode's return."""
    mean: FloatArray = ordered_sum(rewards) / rewards.shape[-1]
    return mean


def ordered_product(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Multiply rows (E, I) by a matrix (I, J) and sum in the order of I. The order in a BLAS depends on E."""
    total: FloatArray = rows[:, :1] * matrix[0]
    for k in range(1, len(matrix)):
        total += rows[:, k, None] * matrix[k]
    return total
