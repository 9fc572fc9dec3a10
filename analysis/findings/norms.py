"""Findings on normalisation: |Q|, the critic's gradient and returns of Mix with and without SVN, within a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import paired_difference
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.findings.evidence import Finding, Sweep, from_tasks, missing
from recipe_sweep.analysis.findings.stability import Stability
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition

Norms = tuple[CriticNorm, ActorNorm]

PLAIN: Norms = (CriticNorm.NONE, ActorNorm.NONE)
REMEDY: Norms = (CriticNorm.NONE, ActorNorm.ABSMEAN)
SVN: Norms = (CriticNorm.SVN, ActorNorm.ABSMEAN)
DOUBLING = float(np.log10(2.0))
"""A value that does not double over the second half of training is called bounded."""
_LACKS = "a sweep that records diagnostics and trains Mix with and without normalisation"

_Quantity = Callable[[Stability], tuple[float, ...]]


def plain_grows(sweep: Sweep) -> Finding:
    """Measure the log10 growth of |Q| in plain Mix over the second half of training. The border is a doubling."""
    return _level(sweep, PLAIN, DOUBLING, sign=1.0)


def svn_bounded(sweep: Sweep) -> Finding:
    """Measure minus the log10 growth of |Q| under SVN. Above the border, |Q| grows by less than a doubling."""
    return _level(sweep, SVN, -DOUBLING, sign=-1.0)


def svn_slows(sweep: Sweep) -> Finding:
    """Compare the log10 growth of |Q| in plain Mix and under SVN."""
    return _difference(sweep, lambda entry: entry.q_growth, PLAIN, SVN)


def svn_calms(sweep: Sweep) -> Finding:
    """Compare the log10 growth of the critic's gradient norm (times sigma squared) in plain Mix and under SVN."""
    return _difference(sweep, lambda entry: entry.gradient_growth, PLAIN, SVN)


def svn_returns(sweep: Sweep) -> Finding:
    """Compare the scores under SVN and of plain Mix."""
    return _difference(sweep, lambda entry: entry.scores, SVN, PLAIN)


def remedy_slows(sweep: Sweep) -> Finding:
    """Compare the log10 growth of |Q| in plain Mix and with the actor's normalisation alone."""
    return _difference(sweep, lambda entry: entry.q_growth, PLAIN, REMEDY)


def mixer_grows(sweep: Sweep) -> Finding:
    """Compare the log10 growth of |Q| in plain Mix and in the other decompositions without normalisation."""
    others = tuple(one for one in Decomposition.members() if not one.mixes)

    def cells(task: str) -> tuple[Floats, Floats]:
        rows = [_cells(sweep, task, lambda entry: entry.q_growth, PLAIN, one) for one in others]
        there = [row for row in rows if np.isfinite(row).any()]
        mix = _cells(sweep, task, lambda entry: entry.q_growth, PLAIN)
        return mix, np.mean(there, axis=0) if there else np.full_like(mix, np.nan)

    return _paired(sweep, cells, f"{_LACKS}, and another decomposition without")


def _level(sweep: Sweep, norms: Norms, border: float, sign: float) -> Finding:
    rows = [_cells(sweep, task, lambda entry: entry.q_growth, norms) for task in _tasks(sweep)]
    there = [sign * row[np.isfinite(row).any(axis=1)].mean(axis=0) for row in rows if np.isfinite(row).any()]
    return from_tasks(there, border) if there else missing(_LACKS)


def _difference(sweep: Sweep, quantity: _Quantity, first: Norms, second: Norms) -> Finding:
    return _paired(sweep, lambda task: (_cells(sweep, task, quantity, first), _cells(sweep, task, quantity, second)), _LACKS)


def _paired(sweep: Sweep, cells: Callable[[str], tuple[Floats, Floats]], lacks: str) -> Finding:
    differences = [paired_difference(*cells(task)) for task in _tasks(sweep)]
    there = [one for one in differences if np.isfinite(one).any()]
    return from_tasks(there) if there else missing(lacks)


def _tasks(sweep: Sweep) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.task for entry in sweep.stability))


def _cells(
    sweep: Sweep, task: str, quantity: _Quantity, norms: Norms, decomposition: Decomposition = Decomposition.MIX
) -> Floats:
    """Arrange one quantity as (settings of the task, its seeds). NaN if the run is missing or did not record it."""
    entries = [entry for entry in sweep.stability if entry.task == task]
    settings = list(dict.fromkeys(entry.setting for entry in entries))
    seeds = sorted({seed for entry in entries for seed in entry.seeds})
    cells = np.full((len(settings), len(seeds)), np.nan)
    for entry in entries:
        if entry.decomposition is decomposition and (entry.critic_norm, entry.actor_norm) == norms:
            cells[settings.index(entry.setting), [seeds.index(seed) for seed in entry.seeds]] = quantity(entry)
    return cells
