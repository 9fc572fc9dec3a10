"""Leaves out seeds that only some bars of a panel have, so that bars are compared on the same seeds.

A best configuration of few seeds has a higher mean by chance than one of many. A seed may also be lucky for all of its runs.
So a bar of a half-done design would look better, or worse, than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats
from recipe_sweep.analysis.results.scores import TaskScores
from recipe_sweep.search_spaces.counted import agreeing, counted


class Compared(NamedTuple):
    """Scores of one task by which the bars of each panel are compared. Shape letters as in `scores`."""

    scores: Floats
    """(X, V, E, D, K, S): NaN also where another bar of the panel lacks the seed"""
    ranked: Booleans
    """(X, V, E): whether a bar has all datasets of the task, and seeds in common with its neighbours"""
    narrowed: Booleans
    """(V, E): whether a panel leaves out a finished run"""
    apart: Booleans
    """(V, E): whether a panel's bars have no seed in common on a dataset"""


def compared(task: TaskScores) -> Compared:
    """Leave out the seeds of a dataset that any bar of the panel lacks.

    A bar has a seed if each of its configurations with runs there has it. A bar without any run on one of the datasets cannot
    be ranked. It keeps its own seeds, and leaves its neighbours theirs. If bars have no seed in common, they keep their own
    seeds and are not ranked.
    """
    there: Booleans = np.isfinite(task.scores)
    asked: Booleans = np.any(task.wanted, axis=(0, 1, 2, 4, 5))
    complete: Booleans = np.all(np.any(there, axis=(-1, -2)) | ~asked, axis=-1)
    used: Booleans = np.any(there, axis=-1) & complete[..., None, None]
    several: Booleans = np.any(used, axis=(3, 4)).sum(axis=0) > 1
    common: Booleans = np.all(there | ~used[..., None], axis=(0, 4))
    apart: Booleans = several & ~np.all(np.any(common, axis=-1), axis=-1)
    kept = common | ~(several & ~apart)[..., None, None]
    mask = kept[None, :, :, :, None, :] | ~complete[..., None, None, None]
    narrowed: Booleans = np.any(there & ~mask, axis=(0, 3, 4, 5))
    return Compared(np.where(mask, task.scores, np.nan), complete & ~apart, narrowed, apart)


def common_seeds(scores: Floats) -> Booleans:
    """Mark the seeds (D, S) that each of N designs has, with all of its configurations that have runs: scores (N, D, K, S)."""
    there = np.isfinite(scores)
    used: Booleans = np.any(there, axis=-1, keepdims=True)
    common: Booleans = np.all(there | ~used, axis=(0, 2))
    return common


def seed_notes(tasks: Sequence[TaskScores]) -> tuple[str, ...]:
    """Say how many panels leave out seeds, and how many have no ranks because their bars share no seed."""
    found = [compared(task) for task in tasks]
    narrowed, apart = (sum(int(marks.sum()) for marks in kind) for kind in zip(*(one[2:] for one in found), strict=True))
    notes = []
    if narrowed:
        uses, its = agreeing(narrowed, "uses", "use"), agreeing(narrowed, "its", "their")
        notes.append(
            f"{counted(narrowed, 'panel')} {uses} only the seeds that all of {its} bars have, because runs are missing."
        )
    if apart:
        has, its = agreeing(apart, "has", "have"), agreeing(apart, "its", "their")
        notes.append(f"{counted(apart, 'panel')} {has} no ranks, because {its} bars have no seed in common.")
    return tuple(notes)
