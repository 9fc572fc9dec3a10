"""How often 95 % intervals contain the truth in simulated sweeps: `python scripts/coverage.py` prints the docs' tables."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recipe_sweep.analysis.estimators.corrected_mean import CorrectedMean, corrected_interval, corrected_mean, mean_error
from recipe_sweep.analysis.estimators.seed_statistics import (
    Interval,
    best_of,
    bootstrap_best,
    corrected_seed_scores,
    half_splits,
    percentile_interval,
    resample_weights,
    seed_means,
    skewed_interval,
)

SWEEPS, SEEDS, DATASETS, RESAMPLES = 1000, 8, 4, 1000
CHOOSING_SWEEPS = 4000
TRUTHS = (
    (0.0,) * 4,
    (0.0, 0.2, 0.3, 0.5),
    (0.0, 0.0, 0.0, 0.5),
    (0.0, 0.0, 0.0, 1.0),
    (0.0,) * 7 + (1.0,),
    (0.0, 0.0, 0.0, 1.5),
)
"""True scores of configurations, of which the best is chosen."""

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
    samples = bootstrap_best(scores, resample_weights(rng, RESAMPLES, SEEDS))
    mean, seeds = corrected_mean(scores, rng), np.full(sweeps, SEEDS)
    intervals = (corrected_interval(mean, seeds), _straight(mean), percentile_interval(samples))
    return Coverage(*(_held(one, 0.0) for one in intervals))


def _straight(mean: CorrectedMean) -> Interval:
    """Compute Student's interval, which takes scores for symmetric."""
    freedom = np.full(mean.value.shape, SEEDS - 1)
    return skewed_interval(mean.value, mean_error(mean.pull, freedom + 1), freedom, 0.0)


def _held(interval: Interval, truth: float) -> float:
    return float(np.mean((interval.low <= truth) & (interval.high >= truth)))


class Optimism(NamedTuple):
    """Errors of two estimates: their mean over sweeps minus the true mean of what half of the seeds would choose.

    Numbers are in standard deviations of a run.
    """

    best: float
    corrected: float
    error: float
    """standard error of `corrected`"""
    covered: float
    """share of sweeps in which a bar's interval (`corrected_interval`) contains that true mean"""
    jackknife: float
    """the same of the jackknife alone (`corrected_seed_scores`), from which differences between designs are made"""


def optimism(truth: tuple[float, ...], *, sweeps: int = CHOOSING_SWEEPS, seed: int = 0) -> Optimism:
    """Simulate sweeps in which a configuration's score is its entry of `truth` on every dataset, plus normal noise."""
    rng = np.random.default_rng(seed)
    scores = np.array(truth)[:, None] + rng.normal(size=(sweeps, DATASETS, len(truth), SEEDS))
    chosen = [best_of(seed_means(scores[..., half])).choice for half in half_splits(rng, SEEDS)]
    aims = np.mean([np.array(truth)[choice].mean(axis=-1) for choice in chosen], axis=0)
    found = corrected_mean(scores, rng)
    off = found.value - aims
    parts = corrected_seed_scores(scores, rng).mean(axis=1)
    alone = corrected_interval(
        CorrectedMean(found.value, (parts - found.value[:, None]) / SEEDS, parts), np.full(sweeps, SEEDS)
    )
    return Optimism(
        best=float((best_of(seed_means(scores)).value - aims).mean()),
        corrected=float(off.mean()),
        error=float(off.std() / np.sqrt(sweeps)),
        covered=_held(corrected_interval(found, np.full(sweeps, SEEDS)), float(aims.mean())),
        jackknife=_held(alone, float(aims.mean())),
    )


def main() -> None:
    """Print the tables."""
    print("| noise | luck of a seed | ours | without skewness | percentile |\n|---|---|---|---|---|")
    for noise in NOISES:
        for shared in (False, True):
            found = coverage(noise, shared=shared)
            luck = "the same on all datasets" if shared else "its own on each dataset"
            print(f"| {noise} | {luck} | {found.ours:.3f} | {found.straight:.3f} | {found.percentile:.3f} |")
    head = ("true scores", "the best is off by", "corrected is off by", "its interval holds", "the jackknife's holds")
    print(f"\n| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for truth in TRUTHS:
        bias = optimism(truth)
        names = ", ".join(f"{score:g}" for score in truth)
        off = f"{bias.best:+.3f} | {bias.corrected:+.4f} +- {bias.error:.4f}"
        print(f"| {names} | {off} | {bias.covered:.3f} | {bias.jackknife:.3f} |")


if __name__ == "__main__":
    main()
