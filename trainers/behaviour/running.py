"""Running mean and variance of a stream of numbers."""

from __future__ import annotations

import numpy as np

from recipe_sweep.trainers.environments.mujoco_robots import Array


class RunningMoments:
    """Mean and population variance, column by column, of all rows seen so far (Chan et al. 1979)."""

    def __init__(self, columns: int) -> None:
        self._count = 0
        self.mean = np.zeros(columns)
        self._squares = np.zeros(columns)

    def update(self, rows: Array) -> None:
        """Add rows (M, columns)."""
        count = len(rows)
        mean = rows.mean(axis=0)
        difference = mean - self.mean
        total = self._count + count
        self._squares += ((rows - mean) ** 2).sum(axis=0) + difference**2 * self._count * count / total
        self.mean = self.mean + difference * count / total
        self._count = total

    @property
    def std(self) -> Array:
        """Standard deviation (columns,); 1 before the first row, and never 0."""
        if self._count == 0:
            return np.ones_like(self.mean)
        deviation: Array = np.sqrt(self._squares / self._count) + 1e-4
        return deviation
