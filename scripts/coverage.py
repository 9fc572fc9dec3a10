"""How often 95 % intervals contain the truth in simulated sweeps: `python scripts/coverage.py` prints the docs' tables."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.estimators.seed_statistics import (
    Interval,
    best_of,
    bootstrap_best,
    chosen_seed_scores,
    corrected_seed_scores,
    half_splits,
    percentile_interval,
    ranks,
    resample_weights,
    seed_means,
    seed_skewness,
    selection_corrected,
    skewed_interval,
    t_interval,
)
from recipe_sweep.search_spaces.vocabulary import Decomposition

SWEEPS, SEEDS, DATASETS, RESAMPLES = 1000, 8, 4, 1000
DESIGN_SWEEPS = 400

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]

NOISES: dict[str, Draw] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed (exponential)": lambda rng, size: rng.exponential(size=size) - 1.0,
}
"""Distributions of the noise of a run's score, each with mean 0."""


class Coverage(NamedTuple):
    """Shares of sweeps whose interval contains the truth."""

    ours: float
    straight: float
    """without the correction for skewness"""
    percentile: float


def coverage(noise: str, *, shared: bool, sweeps: int = SWEEPS, seed: int = 0) -> Coverage:
    """Simulate sweeps of one fixed configuration. With `shared`, a seed has the same noise on every dataset."""
    rng = np.random.default_rng(seed)
    size = (sweeps, 1 if shared else DATASETS, 1, SEEDS)
    scores = np.broadcast_to(NOISES[noise](rng, size), (sweeps, DATASETS, 1, SEEDS))
    best = best_of(seed_means(scores))
    samples = bootstrap_best(scores, resample_weights(rng, RESAMPLES, SEEDS))
    seeds, skew = np.full(sweeps, SEEDS), seed_skewness(chosen_seed_scores(scores, best.choice))
    intervals = (
        t_interval(best.value, samples, seeds, skew),
        t_interval(best.value, samples, seeds),
        percentile_interval(samples),
    )
    return Coverage(*(float(np.mean((one.low <= 0.0) & (one.high >= 0.0))) for one in intervals))


class Optimism(NamedTuple):
    """Errors of two estimates: their mean over sweeps minus the true mean of what half of the seeds would choose.

    Numbers are in standard deviations of a run.
    """

    best: float
    corrected: float
    error: float
    """standard error of `corrected`"""
    covered: float
    """share of sweeps in which the interval of the corrected seed scores contains that true mean"""


def optimism(truth: tuple[float, ...], *, seed: int = 0) -> Optimism:
    """Simulate sweeps in which a configuration's score is its entry of `truth` on every dataset, plus normal noise."""
    rng = np.random.default_rng(seed)
    scores = np.array(truth)[:, None] + rng.normal(size=(SWEEPS, DATASETS, len(truth), SEEDS))
    splits = half_splits(rng, SEEDS)
    chosen = [best_of(seed_means(scores[..., half])).choice for half in splits]
    aims = np.array([np.array(truth)[choice].mean(axis=-1) for choice in chosen]).mean(axis=0)
    off = selection_corrected(scores, splits) - aims
    seeds = corrected_seed_scores(scores, rng).mean(axis=1)
    error = seeds.std(axis=1, ddof=1) / np.sqrt(SEEDS)
    asymmetry = seed_skewness(seeds) / (6.0 * np.sqrt(SEEDS))
    low, high = skewed_interval(seeds.mean(axis=1), error, np.full(SWEEPS, SEEDS - 1), asymmetry)
    return Optimism(
        best=float((best_of(seed_means(scores)).value - aims).mean()),
        corrected=float(off.mean()),
        error=float(off.std() / np.sqrt(SWEEPS)),
        covered=float(np.mean((low <= aims.mean()) & (high >= aims.mean()))),
    )


class OfDesigns(NamedTuple):
    """Shares of sweeps of all designs whose interval of the number of panels that Mix leads contains a truth."""

    count: float
    """the number that the true scores give"""
    mean_count: float
    """its mean over sweeps, which noise moves towards chance"""


def of_designs(lead: float, noise: float, *, sweeps: int = DESIGN_SWEEPS, seed: int = 0) -> OfDesigns:
    """Simulate sweeps of 4 x 3 x 2 designs on `DATASETS` datasets, with one configuration each.

    Mix is ahead by `lead`. Designs also differ by random effects with standard deviation 0.3. These are drawn once and are the
    same in every sweep. `noise` is the standard deviation of a run.
    """
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(1).normal(scale=0.3, size=(4, 3, 2, DATASETS))
    truth[Decomposition.place(Decomposition.MIX)] += lead
    counts, intervals = [], []
    for _ in range(sweeps):
        scores = truth[..., None, None] + noise * rng.normal(size=(*truth.shape, 1, SEEDS))
        weights = resample_weights(rng, RESAMPLES, SEEDS)
        counts.append(float(_leads(best_of(seed_means(scores)).value)))
        intervals.append(t_interval(np.array(counts[-1]), _leads(bootstrap_best(scores, weights)), np.array(SEEDS)))
    aims = float(_leads(truth.mean(axis=-1))), float(np.mean(counts))
    return OfDesigns(*(float(np.mean([_holds(one, aim) for one in intervals])) for aim in aims))


def _leads(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the panels of (..., X, V, E) in which Mix is first or second."""
    rank = ranks(np.moveaxis(values, -3, -1))[..., Decomposition.place(Decomposition.MIX)]
    leads: NDArray[np.float64] = (rank <= 2).sum(axis=(-1, -2)).astype(np.float64)
    return leads


def _holds(interval: Interval, truth: NDArray[np.float64] | float) -> bool:
    return bool(interval.low <= truth <= interval.high)


def main() -> None:
    """Print the tables."""
    print("| noise | luck of a seed | ours | without skewness | percentile |\n|---|---|---|---|---|")
    for noise in NOISES:
        for shared in (False, True):
            found = coverage(noise, shared=shared)
            luck = "the same on all datasets" if shared else "its own on each dataset"
            print(f"| {noise} | {luck} | {found.ours:.3f} | {found.straight:.3f} | {found.percentile:.3f} |")
    print("\n| four true scores | best of four is off by | corrected is off by | its interval holds |\n|---|---|---|---|")
    for truth in ((0.0, 0.0, 0.0, 0.0), (0.0, 0.2, 0.3, 0.5), (0.0, 0.0, 0.0, 1.0)):
        bias = optimism(truth)
        names = ", ".join(f"{score:g}" for score in truth)
        print(f"| {names} | {bias.best:+.3f} | {bias.corrected:+.4f} +- {bias.error:.4f} | {bias.covered:.3f} |")

    head = ("Mix ahead by", "noise", "count, true", "count, mean")
    print(f"\n| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for lead in (0.0, 0.3, 1.0):
        for noise in (0.3, 1.0):
            print(f"| {lead:g} | {noise:g} | {' | '.join(f'{one:.3f}' for one in of_designs(lead, noise))} |")


if __name__ == "__main__":
    main()
