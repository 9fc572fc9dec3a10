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
    percentile_interval,
    resample_weights,
    seed_means,
    seed_skewness,
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


def main() -> None:
    """Print the table."""
    print("| noise | luck of a seed | ours | without skewness | percentile |\n|---|---|---|---|---|")
    for noise in NOISES:
        for shared in (False, True):
            found = coverage(noise, shared=shared)
            luck = "the same on all datasets" if shared else "its own on each dataset"
            print(f"| {noise} | {luck} | {found.ours:.3f} | {found.straight:.3f} | {found.percentile:.3f} |")


if __name__ == "__main__":
    main()
