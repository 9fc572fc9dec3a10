"""Tries the shares of variance in simulated sweeps of known truth: `python scripts/shares.py` prints the table of the docs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.estimators.crossfit import CrossFit, cross_fit, share_difference, together
from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.estimators.variance import TERMS, shares, true_parts
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

DATASETS, TASKS, SWEEPS, TRUTHS = 4, 4, 400, 1000
DECOMPOSITION, VALUE_LEARNING, EXTRACTION = (TERMS.index((axis,)) for axis in range(3))

CONFIGURATIONS = {
    "1": (0.0,),
    "4 alike": (0.0,) * 4,
    "8 alike": (0.0,) * 8,
    "4 unequal": (0.0, 0.2, 0.3, 0.5),
    "8 unequal": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "1 good of 4": (0.0, 0.0, 0.0, 1.0),
}
"""What each configuration of a design adds to its score."""


def world(configurations: tuple[float, ...], *, size: float = 1.0) -> Floats:
    """Make true scores (X, V, E, D, K): Mix +0.5, AWR +0.5, TD -0.3, all times `size`; configurations come on top."""
    axes = (Decomposition, ValueLearning, Extraction)
    truth = np.zeros((*(sum(word.in_paper for word in axis.members()) for axis in axes), DATASETS))
    truth[Decomposition.place(Decomposition.MIX)] += 0.5 * size
    truth[:, :, Extraction.place(Extraction.AWR)] += 0.5 * size
    truth[:, ValueLearning.place(ValueLearning.TD)] -= 0.3 * size
    return truth[..., None] + np.array(configurations)


def sweep(truth: Floats, seeds: int, rng: np.random.Generator) -> Floats:
    """Draw scores (X, V, E, D, K, S) with normal noise of standard deviation 1."""
    return truth[..., None] + rng.normal(size=(*truth.shape, seeds))


def tuned_parts(truth: Floats, seeds: int, *, draws: int = TRUTHS, seed: int = 1) -> Floats:
    """Compute the terms' true variances (T,) of designs that are tuned on half of the seeds, mean over draws of the noise."""
    rng = np.random.default_rng(seed)
    parts = np.zeros(len(TERMS))
    for _ in range(draws):
        seen = truth + rng.normal(size=truth.shape) / np.sqrt(seeds // 2)
        parts += true_parts(np.take_along_axis(truth, seen.argmax(axis=-1)[..., None], axis=-1)[..., 0])
    return parts / draws


class Row(NamedTuple):
    """What the shares say in many sweeps of one world."""

    truth: Floats
    """(T,): true shares; NaN where designs do not differ"""
    median: Floats
    """(T,): of the estimated shares of all sweeps"""
    given: float
    """share of sweeps whose shares are printed"""
    covered: float
    """share of sweeps whose interval of the total holds the true total"""
    held: float
    """share of the printed intervals, decomposition minus value learning, that hold the true difference"""
    decomposition: tuple[float, float]
    """shares of all sweeps in which decomposition is said to explain more than value learning, and less"""
    extraction: tuple[float, float]
    """the same of extraction"""


def try_world(truth: Floats, seeds: int, *, tasks: int = TASKS, sweeps: int = SWEEPS, seed: int = 0) -> Row:
    """Simulate sweeps of several tasks that share one truth."""
    rng = np.random.default_rng(seed)
    tuned = tuned_parts(truth, seeds)
    true = shares(np.where(tuned.sum() > 1e-9, tuned, 0.0))
    fits = [_fit([sweep(truth, seeds, rng) for _ in range(tasks)]) for _ in range(sweeps)]
    said = [[share_difference(fit, axis, VALUE_LEARNING) for fit in fits] for axis in (DECOMPOSITION, EXTRACTION)]
    aim = true[DECOMPOSITION] - true[VALUE_LEARNING]
    return Row(
        truth=true,
        median=np.median([fit.parts / fit.parts.sum() for fit in fits], axis=0),
        given=float(np.mean([one is not None for one in said[0]])),
        covered=float(np.mean([fit.total_interval.low <= tasks * tuned.sum() <= fit.total_interval.high for fit in fits])),
        held=float(np.mean([one[1].low <= aim <= one[1].high for one in said[0] if one])) if any(said[0]) else np.nan,
        decomposition=_sides([one[1] for one in said[0] if one], sweeps),
        extraction=_sides([one[1] for one in said[1] if one], sweeps),
    )


def _fit(tasks: list[Floats]) -> CrossFit:
    fits = [cross_fit(scores) for scores in tasks]
    return together([fit for fit in fits if fit is not None])


def _sides(intervals: list[tuple[Floats, Floats]], sweeps: int) -> tuple[float, float]:
    return sum(float(low > 0.0) for low, _ in intervals) / sweeps, sum(float(high < 0.0) for _, high in intervals) / sweeps


def main() -> None:
    """Print a row for every world."""
    head = (
        *("effects", "configurations", "seeds", "tasks", "true shares", "medians", "shares given", "total held"),
        *("difference held", "decomposition more / less", "extraction more / less"),
    )
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for size, seeds, tasks in ((1.0, 8, 4), (1.0, 4, 4), (0.0, 8, 4), (0.0, 8, 1), (0.0, 4, 4)):
        for name, configurations in CONFIGURATIONS.items():
            row = try_world(world(configurations, size=size), seeds, tasks=tasks)
            true, median = (" ".join(f"{share:.2f}" for share in one[:3]) for one in (row.truth, row.median))
            sides = (f"{more:.3f} / {less:.3f}" for more, less in (row.decomposition, row.extraction))
            cells = (f"{size:g}", name, str(seeds), str(tasks), true, median)
            rates = (f"{rate:.3f}" for rate in (row.given, row.covered, row.held))
            print(f"| {' | '.join((*cells, *rates, *sides))} |", flush=True)


if __name__ == "__main__":
    main()
