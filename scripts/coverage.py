"""How often 95 % intervals hold the truth in simulated sweeps: `python scripts/coverage.py` prints the table of the docs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.statistics import (
    best_of,
    bootstrap_best,
    chosen_seed_scores,
    corrected_seed_scores,
    half_splits,
    percentile_interval,
    resample_weights,
    seed_means,
    seed_skewness,
    selection_corrected,
    skewed_interval,
    t_interval,
)

SWEEPS, SEEDS, DATASETS, RESAMPLES = 1000, 8, 4, 1000

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]

NOISES: dict[str, Draw] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed (exponential)": lambda rng, size: rng.exponential(size=size) - 1.0,
}
"""Noise of a run's score around the truth; every mean is 0."""


class Coverage(NamedTuple):
    """Shares of sweeps whose interval holds the truth."""

    ours: float
    straight: float
    """without the correction for skewness"""
    percentile: float


def coverage(noise: str, *, shared: bool, sweeps: int = SWEEPS, seed: int = 0) -> Coverage:
    """Simulate sweeps of one fixed configuration; `shared`: a seed has the same luck on every dataset."""
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
    """Means over sweeps, less the true mean of what half of the seeds would choose, in standard deviations of a run."""

    best: float
    corrected: float
    error: float
    """standard error of `corrected`"""
    covered: float
    """share of sweeps in which the interval of the corrected seed scores holds that mean"""


def optimism(truth: tuple[float, ...], *, seed: int = 0) -> Optimism:
    """Simulate sweeps in which configurations truly score `truth` on every dataset, plus normal noise."""
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


if __name__ == "__main__":
    main()
