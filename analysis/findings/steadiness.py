"""Computes which extraction is steadier: from seed to seed, and along its temperature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS, Booleans, Floats, resample_weights, t_interval
from recipe_sweep.analysis.findings.evidence import BOOTSTRAP_SEED, RESAMPLES, Finding, Sweep, missing
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Extraction


def steadier_over_seeds(sweep: Sweep) -> Finding:
    """Compare the standard deviations over seeds of BRAC and AWR: log2 of their ratio.

    They are root mean variances over all configurations that both have runs of.
    """
    return _steadier(sweep, _seed_spread)


def steadier_over_alpha(sweep: Sweep) -> Finding:
    """Compare the mean ranges of scores along alpha of BRAC and AWR: log2 of their ratio."""
    return _steadier(sweep, _alpha_range)


def _steadier(sweep: Sweep, spread: Callable[[TaskScores, Floats], tuple[Floats, Floats]]) -> Finding:
    """Compare the spreads of BRAC and AWR, each summed over tasks: log2 of their ratio.

    `spread` returns both (R,) for weights (R, S).
    """
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    brac: Floats = np.zeros(RESAMPLES + 1)
    awr: Floats = np.zeros(RESAMPLES + 1)
    seeds = []
    for task in sweep.designs:
        count = len(task.scores.seeds)
        weights = np.concatenate([np.ones((1, count)), resample_weights(rng, RESAMPLES, count)])
        first, second = spread(task.scores, weights)
        if np.isfinite(first[0]) and np.isfinite(second[0]):
            brac, awr = brac + first, awr + second
            seeds.append(count)
    if not seeds or min(seeds) < 2 or not (brac[0] > 0.0 and awr[0] > 0.0):
        return missing("finished runs of both extractions in at least 2 seeds")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log2(brac) - np.log2(awr)
    return _from_samples(ratio[0], np.where(np.isfinite(ratio[1:]), ratio[1:], np.nan), min(seeds))


def _seed_spread(task: TaskScores, weights: Floats) -> tuple[Floats, Floats]:
    """Compute the standard deviations over seeds in resamples (R,) of BRAC and of AWR.

    Each is the root of the mean variance of configurations that all seeds have, in designs that both extractions have.
    """
    complete: Booleans = np.all(np.isfinite(task.scores), axis=-1)
    both: Booleans = np.all(complete.any(axis=-1), axis=2)

    def spread(extraction: Extraction) -> Floats:
        e = Extraction.place(extraction)
        scores = task.scores[:, :, e][complete[:, :, e] & both[..., None]]
        if not len(scores):
            return np.full(len(weights), np.nan)
        mean = scores @ weights.T / weights.shape[-1]
        variance = (scores**2) @ weights.T / weights.shape[-1] - mean**2
        deviation: Floats = np.sqrt(np.maximum(variance.mean(axis=0), 0.0))
        return deviation

    return spread(Extraction.BRAC), spread(Extraction.AWR)


def _alpha_range(task: TaskScores, weights: Floats) -> tuple[Floats, Floats]:
    """Compute the ranges (R,) of mean scores along alpha at one tau, averaged over designs, of BRAC and of AWR."""
    complete: Booleans = np.all(np.isfinite(task.scores), axis=-1)
    entries: list[Configuration | None] = task.configurations.ravel().tolist()
    kinds = sorted({(entry.tau or 0.0, entry.other) for entry in entries if entry is not None})
    labels = np.array([-1 if one is None else kinds.index((one.tau or 0.0, one.other)) for one in entries])
    labels = labels.reshape(task.configurations.shape)

    def ranges(extraction: Extraction) -> Floats:
        e = Extraction.place(extraction)
        scores = np.where(complete[:, :, e, ..., None], task.scores[:, :, e], 0.0)
        means = np.tensordot(weights, scores, axes=(1, -1)) / weights.shape[-1]
        found = []
        for kind in range(len(kinds)):
            chosen = complete[:, :, e] & (labels[:, :, e] == kind)
            several = chosen.sum(axis=-1) > 1
            high = np.where(chosen, means, -np.inf).max(axis=-1)[:, several]
            low = np.where(chosen, means, np.inf).min(axis=-1)[:, several]
            found.append(high - low)
        spans = np.concatenate(found, axis=1) if found else np.zeros((len(weights), 0))
        return spans.mean(axis=1) if spans.shape[1] else np.full(len(weights), np.nan)

    return ranges(Extraction.BRAC), ranges(Extraction.AWR)


def _from_samples(value: float, samples: Floats, seeds: int, border: float = 0.0) -> Finding:
    """Turn any statistic into a finding. The interval is made from resamples (R,) of the seeds."""
    if not np.isfinite(value):
        return missing("designs that differ by more than noise")
    interval = t_interval(np.array(value), samples, np.array(seeds))
    lacks = "" if seeds >= FEWEST_SEEDS else f"at least {FEWEST_SEEDS} seeds of each task (there are {seeds})"
    return Finding(float(value), float(interval.low), float(interval.high), border, lacks)
