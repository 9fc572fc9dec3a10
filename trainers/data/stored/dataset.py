"""A dataset as the trainer sees it: columns of rows, and transitions as row indices."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from recipe_sweep.trainers.task import ReturnScale, TaskSpec


@dataclass(frozen=True)
class Dataset:
    """Rows stored once (memory-mapped, read-only); a transition is a pair of rows.

    Transition i is row `rows[i]` -> row `next_rows[i]`; where `mask[i]` is 0 the episode ended there and the next row's
    content counts for nothing (it is a valid index all the same). Rows are float32; the trainer casts after gathering.
    """

    spec: TaskSpec
    scale: ReturnScale
    observations: Tensor
    """(T, N, O)"""
    actions: Tensor
    """(T, N, A)"""
    rewards: Tensor
    """(T, N)"""
    states: Tensor | None
    """(T, S), or None where the state is the agents' observations side by side, (N * O). May be a view of `observations`."""
    rows: Tensor
    """(M,) int64"""
    next_rows: Tensor
    """(M,) int64"""
    mask: Tensor
    """(M,) float32"""
    content_hash: str
    """sha256 over the columns: pinned at first use in a sweep, checked by every process."""
