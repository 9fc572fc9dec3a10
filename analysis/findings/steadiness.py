"""Compares how far scores of BRAC and of AWR move from seed to seed, and along their temperatures.

Both are differences of variances, without the noise that would make one extraction look less steady than it is. They are
averaged over designs and datasets that have runs of both. A ceiling makes no design steady. So configurations are left out
where most runs have the very same score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_pairs import (
    half_squares,
    jackknife_variance,
    mean_of_tasks,
    products_along,
    seed_variance,
)
from recipe_sweep.analysis.estimators.seed_statistics import EQUAL, FEWEST_SEEDS, Booleans, Floats, Integers
from recipe_sweep.analysis.findings.evidence import Finding, Sweep, missing
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Extraction


class Line(NamedTuple):
    """Configurations of one extraction of a design on a dataset, in the order of alpha."""

    scores: Floats
    """(N, S)"""
    evaluation: Floats
    """(N, S): variance of each score by the choice of its episodes; NaN where it is not known"""

    def chosen(self, rows: Booleans) -> Line:
        """Select configurations (N,)."""
        return Line(self.scores[rows], self.evaluation[rows])


class Spread(NamedTuple):
    """Variances of one task's cells, as numbers of pairs of seeds."""

    brac: Floats
    """(C, S, S)"""
    awr: Floats
    """(C, S, S)"""
    there: Booleans
    """(C, S): seeds that count in a cell"""


def steadier_over_seeds(sweep: Sweep) -> Finding:
    """Compare the variances over seeds of BRAC and AWR without the part that evaluations cause: their difference."""
    tasks = [task.scores for task in sweep.designs]
    lines = [tuple(_unsaturated_pairs(task)) for task in tasks]
    known = evaluation_is_known(line for pairs in lines for pair in pairs for line in pair)
    spreads = [_gathered(pairs, lambda brac, awr, there: _seed_pairs(brac, awr, there, known)) for pairs in lines]
    remark = "" if known else "; evaluation noise is included, because it is not known"
    needed = "seeds with all runs of a design under both extractions, below the ceiling"
    return _compared(spreads, jackknife_variance, needed, remark)


def steadier_over_alpha(sweep: Sweep) -> Finding:
    """Compare the variances of true means along equally many neighbouring alphas of BRAC and AWR: their difference."""
    spreads = [_gathered(_grids(task.scores), _alpha_pairs) for task in sweep.designs]
    needed = "seeds with all runs of a design at several alphas under both extractions, below the ceiling"
    # Where nothing moves, all of this variance is the pairs' own, of which the jackknife would count too much.
    return _compared(spreads, seed_variance, needed)


def evaluation_is_known(lines: Iterable[Line]) -> bool:
    """Tell whether all runs state how much their evaluations vary, and any does."""
    stated = [line.evaluation[np.isfinite(line.scores)] for line in lines]
    return bool(all(np.isfinite(one).all() for one in stated) and any(one.any() for one in stated))


def saturated(scores: Floats) -> Booleans:
    """Tell where more than half of the finite scores (..., S) are one and the same: (...)."""
    there = np.isfinite(scores)
    filled = np.sort(np.where(there, scores, np.inf), axis=-1)
    middle = np.maximum(there.sum(axis=-1, keepdims=True) // 2, 0)
    median = np.take_along_axis(filled, np.minimum(middle, scores.shape[-1] - 1), axis=-1)
    equal = there & (np.abs(np.where(there, scores, 0.0) - median) <= EQUAL * np.abs(median))
    return np.asarray(2 * equal.sum(axis=-1) > there.sum(axis=-1))


def _compared(
    spreads: Sequence[Spread | None], variance: Callable[[Floats, Booleans], float], needed: str, remark: str = ""
) -> Finding:
    """Subtract AWR's mean variance from BRAC's. Tasks have the same weight."""
    found = [one for one in spreads if one is not None]
    if not found:
        return missing(f"at least {FEWEST_SEEDS} {needed}")
    there = [one.there for one in found]
    value, (low, high), p_value = mean_of_tasks([one.brac - one.awr for one in found], there, variance)
    sides = [one.brac for one in found], [one.awr for one in found]
    brac, awr = (mean_of_tasks(side, there, variance).value for side in sides)
    parts = f" (BRAC {math.sqrt(max(brac, 0.0)):.3f}, AWR {math.sqrt(max(awr, 0.0)):.3f}{remark})"
    return Finding(value, float(low), float(high), of=parts, p_value=p_value)


def _gathered(
    pairs: Iterable[tuple[Line, Line]], spread: Callable[[Line, Line, Booleans], tuple[Floats, Floats]]
) -> Spread | None:
    """Compute both variances of each pair of lines that has enough seeds. None if no pair has."""
    cells = []
    for brac, awr in pairs:
        there: Booleans = np.all(np.isfinite(np.concatenate([brac.scores, awr.scores])), axis=0)
        if there.sum() >= FEWEST_SEEDS:
            cells.append((*spread(brac, awr, there), there))
    return Spread(*map(np.stack, zip(*cells, strict=True))) if cells else None


def _seed_pairs(brac: Line, awr: Line, there: Booleans, known: bool) -> tuple[Floats, Floats]:
    """Compute numbers of pairs of seeds (S, S) whose mean is the mean variance over seeds of the configurations."""

    def of(line: Line) -> Floats:
        pairs = half_squares(np.where(there, line.scores, 0.0)).mean(axis=0)
        noise = np.where(there, line.evaluation, 0.0).mean(axis=0)
        return np.asarray(pairs - 0.5 * (noise[:, None] + noise)) if known else pairs

    return of(brac), of(awr)


def _alpha_pairs(brac: Line, awr: Line, there: Booleans) -> tuple[Floats, Floats]:
    """Compute numbers of pairs of seeds (S, S) whose mean is the variance along alpha.

    Of the longer grid it is the mean over windows of neighbours, because a longer grid spans more.
    """
    length = min(len(brac.scores), len(awr.scores))

    def of(line: Line) -> Floats:
        scores = np.where(there, line.scores, 0.0)
        windows = np.stack([scores[first : first + length] for first in range(len(scores) - length + 1)])
        return np.asarray(products_along(windows).mean(axis=0))

    return of(brac), of(awr)


def _unsaturated_pairs(task: TaskScores) -> Iterator[tuple[Line, Line]]:
    """List the lines of both extractions without saturated configurations."""
    for _, pair in _pairs(task):
        brac, awr = (line.chosen(~saturated(line.scores)) for line in pair)
        if len(brac.scores) and len(awr.scores):
            yield brac, awr


def _grids(task: TaskScores) -> Iterator[tuple[Line, Line]]:
    """List the lines of both extractions along alpha, apart for each tau. Neither is mostly saturated."""
    for kinds, (brac, awr) in _pairs(task):
        first, second = kinds
        for kind in sorted(set(first.tolist()) & set(second.tolist())):
            one, other = brac.chosen(first == kind), awr.chosen(second == kind)
            flat = any(saturated(line.scores.reshape(-1)) for line in (one, other))
            if min(len(one.scores), len(other.scores)) > 1 and not flat:
                yield one, other


def _pairs(task: TaskScores) -> Iterator[tuple[tuple[Integers, Integers], tuple[Line, Line]]]:
    """List the lines of BRAC and AWR with one design and dataset, and the kind of each of their configurations.

    Configurations of one kind differ in alpha alone. Those without any run are left out.
    """
    kinds = _kinds(task)
    there: Booleans = np.any(np.isfinite(task.scores), axis=-1)
    brac, awr = Extraction.place(Extraction.BRAC), Extraction.place(Extraction.AWR)
    for x, v, d in np.argwhere(there[:, :, brac].any(axis=-1) & there[:, :, awr].any(axis=-1)).tolist():
        places = [(x, v, e, d, there[x, v, e, d]) for e in (brac, awr)]
        first, second = (Line(task.scores[place], task.evaluation_variance[place]) for place in places)
        yield (kinds[places[0]], kinds[places[1]]), (first, second)


def _kinds(task: TaskScores) -> Integers:
    """Number the configurations (X, V, E, D, K) by everything but alpha; -1 where there is none."""
    entries: list[Configuration | None] = task.configurations.ravel().tolist()
    known = sorted({(entry.tau or 0.0, entry.other) for entry in entries if entry is not None})
    numbers = {kind: number for number, kind in enumerate(known)}
    labels = [-1 if one is None else numbers[one.tau or 0.0, one.other] for one in entries]
    return np.array(labels, dtype=np.int64).reshape(task.configurations.shape)
