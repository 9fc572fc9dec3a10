"""Draws the scores of runs in a world: each is a function of the run, the world and the number of the draw.

So a run has the same score in any pack, and alone. No generator is made for each run, because a sweep of 16,384 runs is drawn
thousands of times. Instead a hash of the run's id is spread over the numbers that are needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.worker.worlds import EVALUATING, UNIT, Chance, Missing, World

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Keys = NDArray[np.uint64]

FALL = 5.0
"""What a collapsed run loses, in units of a run's chance."""

_CENTRE = 0.5
_QUALITIES = 2.0
"""Datasets lie within so many units of the centre."""
_FARTHEST = 2.0
"""Decades from the best alpha beyond which nothing more is lost."""


@dataclass(frozen=True)
class Facts:
    """What a world asks of N runs; every array is (N,)."""

    runs: Keys
    data: Keys
    """One key for each dataset of a task."""
    seeds: Keys
    """One key for each seed of a dataset."""
    designs: Keys
    """One key for each design of a dataset."""
    mixing: Booleans
    climbing: Booleans
    following: Booleans
    decades: Floats
    """Distance from the best alpha."""
    later: Booleans
    """Whether the run's seed is in the later half of the grid's seeds."""


class Drawn(NamedTuple):
    """One draw of N runs; every array is (N,)."""

    scores: Floats
    """Normalised scores, each on the scale that its row states."""
    spans: Floats
    """Length of each run's scale, divided by the usual one."""
    done: Booleans
    diverged: Booleans
    evaluation_errors: Floats
    """Standard error of each score that its row states, on the same scale."""


def facts_of(points: Sequence[DesignPoint], seeds: Sequence[int] | None = None) -> Facts:
    """Collect the facts of some points. `seeds` are those of the whole grid, by default of the points."""
    known = sorted(set(seeds if seeds is not None else (point.seed for point in points)))
    later = set(known[(len(known) + 1) // 2 :])
    given = [(point.alpha, point.extraction.rehearsed_alpha) for point in points]
    alphas = np.array([1.0 if alpha is None else alpha / best for alpha, best in given])
    decades = np.abs(np.log10(np.where(alphas > 0.0, alphas, 1.0)))
    return Facts(
        runs=np.array([int(point.run_id, 16) for point in points], dtype=np.uint64),
        data=_keys([(point.task, point.dataset_id) for point in points]),
        seeds=_keys([(point.task, point.dataset_id, point.seed) for point in points]),
        designs=_keys([(*_data(point), *_design(point)) for point in points]),
        mixing=np.array([point.decomposition.mixes for point in points], dtype=np.bool_),
        climbing=np.array([point.extraction.climbs_critic for point in points], dtype=np.bool_),
        following=np.array([point.value_learning.follows_actor for point in points], dtype=np.bool_),
        decades=np.where(alphas > 0.0, np.minimum(decades, _FARTHEST), _FARTHEST),
        later=np.array([point.seed in later for point in points], dtype=np.bool_),
    )


def draw(world: World, facts: Facts, number: int = 0) -> Drawn:
    """Draw the runs of a world; draws of other numbers are independent."""
    spans = np.where(facts.mixing, world.span, 1.0)
    return Drawn(
        scores=_scores(world, facts, number) / spans,
        spans=spans,
        done=~_lacking(world, facts, number),
        diverged=facts.following & (_uniform(facts.runs, number, "diverges") < world.diverging),
        evaluation_errors=_evaluation_errors(world, facts) / spans,
    )


def true_scores(world: World, facts: Facts) -> Floats:
    """Compute the mean scores (N,) of the runs' configurations, in units of a run's chance, apart from their data."""
    worth = world.effects
    weighing = ~facts.climbing
    scores: Floats = (
        worth.mixing * facts.mixing
        + worth.weighing * weighing
        + worth.following * facts.following
        + worth.together * (facts.mixing & weighing)
        - worth.decade * facts.decades * facts.climbing
    )
    return scores


def _evaluation_errors(world: World, facts: Facts) -> Floats:
    """Compute the standard errors (N,) of scores, on the usual scale."""
    if world.chance.tied:
        return np.zeros(len(facts.runs))
    errors: Floats = UNIT * np.hypot(EVALUATING, world.climbing_evaluation * facts.climbing)
    return errors


def _scores(world: World, facts: Facts, number: int) -> Floats:
    """Draw the scores (N,) on the usual scale."""
    if world.chance is Chance.ONES:
        return np.ones(len(facts.runs))
    if world.chance is Chance.RATE:
        return np.where(_uniform(facts.runs, number, "rate") < 0.97, 1.0, 0.9)
    # Data are as good in every draw, so that sweeps of one world differ by chance alone.
    quality = _QUALITIES * (2.0 * _uniform(facts.data, 0, "quality") - 1.0)
    luck = world.shared * _normal(facts.seeds, number, "luck")
    own = np.where(facts.climbing, world.climbing_chance, 1.0) * _chance(world.chance, facts.runs, number)
    scores = _CENTRE + UNIT * (true_scores(world, facts) + quality + luck + own)
    if not world.climbing_evaluation:
        return scores
    evaluation = world.climbing_evaluation * facts.climbing * _normal(facts.runs, number, "evaluation")
    return scores + UNIT * evaluation


def _chance(kind: Chance, runs: Keys, number: int) -> Floats:
    """Draw the chance (N,) of runs, in units."""
    if kind is Chance.EXPONENTIAL:
        return np.asarray(-np.log(_uniform(runs, number, "own")) - 1.0, dtype=np.float64)
    own = _normal(runs, number, "own")
    if kind is Chance.COLLAPSE:
        return own - FALL * (_uniform(runs, number, "falls") < 0.1)
    return own


def _lacking(world: World, facts: Facts, number: int) -> Booleans:
    """Say which runs (N,) are not done."""
    if world.missing is Missing.MIXING:
        return facts.mixing & facts.later
    if world.missing is Missing.SOME:
        return (_uniform(facts.designs, number, "half") < 0.5) & facts.later
    return np.zeros(len(facts.runs), dtype=np.bool_)


def _data(point: DesignPoint) -> tuple[object, ...]:
    return point.task, point.dataset_id


def _design(point: DesignPoint) -> tuple[object, ...]:
    return point.decomposition, point.value_learning, point.extraction


def _keys(names: Sequence[tuple[object, ...]]) -> Keys:
    """Hash names to keys (N,)."""
    known = {name: _key(*name) for name in set(names)}
    return np.array([known[name] for name in names], dtype=np.uint64)


def _key(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "little")


def _normal(keys: Keys, number: int, purpose: str) -> Floats:
    """Draw standard normal numbers (N,), one for each key (Box and Muller)."""
    radius = np.sqrt(-2.0 * np.log(_uniform(keys, number, purpose)))
    return np.asarray(radius * np.cos(2.0 * np.pi * _uniform(keys, number, f"{purpose}/angle")), dtype=np.float64)


def _uniform(keys: Keys, number: int, purpose: str) -> Floats:
    """Draw numbers (N,) above 0 and below 1, one for each key (the finaliser of SplitMix64)."""
    mixed = keys ^ np.uint64(_key(number, purpose))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
