"""Returns of policies that learn nothing from rewards, by which readers can place scores."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.sweep.results.scales import Scale
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.reference_table import Kind, read_references


class References(NamedTuple):
    """Mean returns on one dataset, in units of reward; NaN where nothing was measured."""

    nothing: float
    """of doing nothing"""
    uniform: float
    """of uniform actions"""
    data: float
    """of the policy that made the data"""
    cloning: float
    """of behaviour cloning with small networks"""


def references(source: str, task: str, version: str, dataset: str) -> References:
    """Look up the returns for a dataset. All are NaN for data that a plugin registers, or of an unknown version."""
    returns = {(row.policy, row.dataset): row.mean for row in _rows(source, task, version)}

    def of(policy: Kind, name: str) -> float:
        return returns.get((policy, name), math.nan)

    return References(of(Kind.ZERO, ""), of(Kind.UNIFORM, ""), of(Kind.BEHAVIOUR, dataset), of(Kind.CLONING, dataset))


def is_scale_of(scale: Scale, source: str, task: str) -> bool:
    """Say whether scores on this scale are scores of that task: the scale is one of the task's, of any version."""
    known = (one for (kind, name, _), one in RETURN_SCALES.items() if (kind, name) == (Source(source), task))
    return any((one.minimum, one.maximum) == scale for one in known)


class _Row(NamedTuple):
    policy: Kind
    dataset: str
    mean: float


@cache
def _rows(source: str, task: str, version: str) -> tuple[_Row, ...]:
    return tuple(
        _Row(row.policy, row.dataset, row.mean)
        for row in read_references()
        if (row.source, row.task, row.version) == (source, task, version)
    )
