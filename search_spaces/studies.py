"""Optuna spaces: a grid with a `search` section as studies, and the next values that a sampler chooses in one.

A choice depends on the search's seed, the study, the trial's number and the study's earlier results. Nothing else
changes it. A sampler lives for one choice only. So no sampler is stored, and a search still continues exactly.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.point import DesignPoint, digest
from recipe_sweep.search_spaces.search import Prune, Range, Search
from recipe_sweep.search_spaces.vocabulary import Sampler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution, FloatDistribution
    from optuna.samplers import BaseSampler

DIGITS = 4
"""Significant digits of a chosen value: enough to distinguish policies, and still readable."""
_TRIES_PER_DIGIT = 10


class Choice(NamedTuple):
    """One trial's values. `tau` is None if the study does not search it."""

    alpha: float
    tau: float | None


class Pruned(NamedTuple):
    """Where a trial was ended: after how many steps, and with which score."""

    step: int
    score: float


class Trial(NamedTuple):
    """A trial that was asked for. `score` is its mean over seeds.

    `score` is None if it is not known: not yet, or because runs failed. `curves` are the returns, by step, of those of its runs
    that are done.
    """

    choice: Choice
    score: float | None
    curves: tuple[Mapping[int, float], ...] = ()
    pruned: Pruned | None = None

    @property
    def is_told(self) -> bool:
        """Whether the trial has a result."""
        return self.score is not None or self.pruned is not None


@dataclass(frozen=True)
class Study:
    """One configuration without alpha, and without tau where tau is searched. `templates` are its runs, one per seed."""

    study_id: str
    templates: tuple[DesignPoint, ...]
    alpha: Range[float]
    tau: Range[float] | None

    def points(self, choice: Choice) -> tuple[DesignPoint, ...]:
        """Return the runs of a trial, one per seed."""
        searched = self.tau is not None
        return tuple(
            replace(template, alpha=choice.alpha, tau=choice.tau if searched else template.tau) for template in self.templates
        )

    def holds(self, choice: Choice) -> bool:
        """Say whether a choice lies in the study's ranges. The grid's ranges may have changed since the choice was made."""
        if (choice.tau is None) is not (self.tau is None):
            return False
        return self.alpha.holds(choice.alpha) and (self.tau is None or self.tau.holds(choice.tau or 0.0))


@dataclass(frozen=True)
class SearchSpace:
    """What a grid searches. It is made once per command, because it needs the whole expansion."""

    search: Search
    studies: Mapping[str, Study]
    """Studies by their ids, in the grid's order."""


def search_space(grid: Grid, points: Sequence[DesignPoint]) -> SearchSpace | None:
    """Group the points of a grid's expansion into studies; None if the grid searches nothing."""
    search = grid.search
    if search is None:
        return None
    groups: dict[str, list[DesignPoint]] = defaultdict(list)
    for point in points:
        groups[study_id(point, tau=search.tau is not None)].append(point)
    return SearchSpace(search, {key: _study(key, tuple(group), search) for key, group in groups.items()})


def study_id(point: DesignPoint, *, tau: bool) -> str:
    """Compute the id of the study that a point belongs to.

    The id hashes the point's content without seed and alpha, and without tau where tau is searched.
    """
    left_out = {"seed", "alpha", *(["tau"] if tau else [])}
    return digest({name: value for name, value in point.canonical().items() if name not in left_out})


def choose(search: Search, study: Study, trials: Sequence[Trial]) -> Choice:
    """Choose the values of the study's next trial, given all trials before it.

    They differ from those of every earlier trial.
    """
    asked = {trial.choice for trial in trials}
    told = [trial for trial in trials if study.holds(trial.choice)]
    for attempt in itertools.count():
        digits = DIGITS + attempt // _TRIES_PER_DIGIT
        choice = _suggested(search, study, told, f"{search.seed}/{study.study_id}/{len(trials)}/{attempt}", digits)
        if choice not in asked:
            return choice
    raise AssertionError("unreachable")


def floors_after(prune: Prune | None, study: Study, trials: Sequence[Trial]) -> dict[int, float]:
    """Compute, by step, the return below which the runs of the study's next trials are pruned.

    It is a percentile of the returns that earlier runs had at that step. Pruned runs count up to their end. The last evaluation
    has no such return.
    """
    if prune is None or sum(trial.score is not None for trial in trials) < prune.trials:
        return {}
    first = study.templates[0]
    floors = {}
    for step in range(first.eval_every, first.steps, first.eval_every):
        seen = sorted(curve[step] for trial in trials for curve in trial.curves if step in curve and math.isfinite(curve[step]))
        if seen and step > prune.after * first.steps:
            floors[step] = _percentile(seen, prune.below)
    return floors


def _percentile(values: Sequence[float], percent: float) -> float:
    """Interpolate a percentile of sorted values."""
    place = (len(values) - 1) * percent / 100
    low = values[math.floor(place)]
    return low + (values[math.ceil(place)] - low) * (place - math.floor(place))


def _study(key: str, points: tuple[DesignPoint, ...], search: Search) -> Study:
    alpha = search.alpha[points[0].extraction]  # A rule has checked that it exists.
    return Study(key, points, alpha, search.tau if points[0].value_learning.has_expectile else None)


def _suggested(search: Search, study: Study, told: Sequence[Trial], name: str, digits: int) -> Choice:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space: dict[str, BaseDistribution] = {"alpha": _distribution(study.alpha)}
    if study.tau is not None:
        space["tau"] = _distribution(study.tau)
    sampler = _sampler(search, int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    memory = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in told if search.sampler is Sampler.TPE else ():
        params = {name: value for name, value in trial.choice._asdict().items() if name in space}
        memory.add_trial(optuna.create_trial(**_fate(trial), params=params, distributions=space))
    params = memory.ask(space).params
    alpha = _rounded(params["alpha"], study.alpha, digits)
    return Choice(alpha, None if study.tau is None else _rounded(params["tau"], study.tau, digits))


def _fate(trial: Trial) -> dict[str, Any]:
    """Convert a trial's result to the arguments that Optuna takes."""
    from optuna.trial import TrialState

    if trial.pruned is not None:
        return {"state": TrialState.PRUNED, "intermediate_values": {trial.pruned.step: trial.pruned.score}}
    if trial.score is None:
        return {"state": TrialState.RUNNING}
    return {"state": TrialState.COMPLETE, "value": trial.score}


def _sampler(search: Search, seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler, TPESampler

    if search.sampler is Sampler.RANDOM:
        return RandomSampler(seed=seed)
    # Trials of one batch are asked for before any of them has a result. `constant_liar` keeps their values apart.
    return TPESampler(n_startup_trials=search.batch, constant_liar=True, seed=seed)


def _distribution(among: Range[float]) -> FloatDistribution:
    from optuna.distributions import FloatDistribution

    return FloatDistribution(among.low, among.high, log=among.log)


def _rounded(value: float, among: Range[float], digits: int) -> float:
    return min(max(float(f"{value:.{digits}g}"), among.low), among.high)
