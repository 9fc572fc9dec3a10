"""A dataset as the trainer uses it: columns of rows, and transitions as row indices."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from recipe_sweep.trainers.task import ReturnScale, TaskSpec


@dataclass(frozen=True)
class Dataset:
    """Rows that are stored once (memory-mapped, read-only). A transition is a pair of rows.

    Transition i is row `rows[i]` -> row `next_rows[i]`. If `mask[i]` is 0, the episode ended there: `next_rows[i]` is a valid
    index, but its content is not used. Rows are float32, or bytes; the trainer casts them after
    gathering.
    """

    spec: TaskSpec
    scale: ReturnScale
    observations: Tensor
    """(T, N, O)"""
    actions: Tensor
    """(T, N, A). A masked task has the number of each agent's action, (T, N) bytes"""
    rewards: Tensor
    """(T, N)"""
    states: Tensor | None
    """(T, S), or None if the state is the agents' observations side by side, (N * O). May be a view of `observations`."""
    rows: Tensor
    """(M,) int64"""
    next_rows: Tensor
    """(M,) int64"""
    mask: Tensor
    """(M,) float32"""
    content_hash: str
    """sha256 over the columns. It is pinned when a sweep first uses the dataset, and every process checks it."""
    legals: Tensor | None = None
    """(T, N, A) bytes of a masked task: 1 for an action that was legal before the step, else 0. None for other tasks"""
