"""Adaptive search: rounds of trials, recorded before they start. Their scores come from the results.

`search/000001.json` holds the values of a round's trials, for all studies together, so that their runs fill packs. It also
holds the returns below which runs are pruned. A round begins when every run of the earlier rounds is done or given up. Its
trials are a function of the grid and the results, so no database could contradict them. A search that was killed continues
with the round that it had recorded.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.studies import Choice, Pruned, SearchSpace, Study, Trial, choose, floors_after, study_id
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.atomic import publish_json
from recipe_sweep.sweep.files.failure_file import grouped, read_failures
from recipe_sweep.sweep.files.kinds import RESULTS, ROUND
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import point_from_text
from recipe_sweep.sweep.files.reading import meaningful, read_json
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.read import read_rows
from recipe_sweep.trainers.results import RunStatus

if TYPE_CHECKING:
    from recipe_sweep.trainers.outcome import Floors

_COLUMNS = ("run_id", "point", "score", "status", "curve_step", "curve_return")

SCHEMA_VERSION = 2

_NAME = re.compile(r"([0-9]{6,12})\.json")


class Asked(NamedTuple):
    """One trial of a round."""

    study_id: str
    choice: Choice


class Round(NamedTuple):
    """Trials that begin together. `floors` are the returns below which runs are pruned, by study and step."""

    trials: tuple[Asked, ...]
    floors: Mapping[str, Mapping[int, float]]


class Scored(NamedTuple):
    """A done run. `score` is that of its last evaluation, when it was `pruned` or the training ended."""

    point: DesignPoint
    score: float
    pruned: bool
    curve: Mapping[int, float]
    """Returns by step."""


@dataclass(frozen=True)
class Progress:
    """The progress of a search, in trials. Those `asked` have begun, those `told` have finished.

    `pruned` are the finished trials with a pruned run. Trials `outside` the grid's present ranges are in no other count.
    """

    studies: int
    wanted: int
    asked: int
    told: int
    pruned: int
    rounds: int
    outside: int = 0


@dataclass(frozen=True)
class Best:
    """The best trial of a study: its choice, and the mean score over its seeds. `trials` is the number with a score."""

    study: Study
    trials: int
    choice: Choice
    score: float


def search_points(space: SearchSpace, paths: SweepPaths) -> tuple[DesignPoint, ...]:
    """List the runs of every trial that has begun, in that order."""
    return _points(space, [asked for each in readable_rounds(paths) for asked in each.trials])


def next_points(space: SearchSpace, paths: SweepPaths) -> tuple[DesignPoint, ...]:
    """List the runs that the next round would add if it began now. Record nothing."""
    return _points(space, _next_round(space, paths).trials)


def ask_round(space: SearchSpace, paths: SweepPaths) -> bool:
    """Record the next round if one is due; return whether it was.

    Raises SweepDirectoryError if a round or a results file cannot be read.
    """
    number = len(read_rounds(paths)) + 1
    asked = _next_round(space, paths)
    if not asked.trials:
        return False
    trials = [{"study": each.study_id, **each.choice._asdict()} for each in asked.trials]
    content = {"schema_version": SCHEMA_VERSION, "trials": trials, "floors": asked.floors}
    with suppress(FileExistsError):  # Another launch has recorded the same round, because it follows from grid and results.
        publish_json(paths.search_round(number), content)
    return True


def floors_of(paths: SweepPaths, points: Sequence[DesignPoint]) -> Floors:
    """Look up the returns below which these runs are pruned, in the round of their trial."""
    floors = {asked: each.floors.get(asked.study_id, {}) for each in read_rounds(paths) for asked in each.trials}
    if not any(floors.values()):
        return {}
    found = {}
    for point in points:
        assert point.alpha is not None, "a rule refuses searches of extractions without alpha"
        searched = Asked(study_id(point, tau=True), Choice(point.alpha, point.tau))
        fixed = Asked(study_id(point, tau=False), Choice(point.alpha, None))
        found[point.run_id] = floors.get(searched) or floors.get(fixed) or {}
    return found


def read_rounds(paths: SweepPaths) -> tuple[Round, ...]:
    """Read every round, oldest first. Raises DamagedFileError if one cannot be read, because its trials are then unknown."""
    return tuple(check_round(paths.search_round(number)) for number in _numbers(paths))


def readable_rounds(paths: SweepPaths) -> tuple[Round, ...]:
    """Read every round that can be read. Commands that only show a search overlook damaged ones."""
    found = []
    for number in _numbers(paths):
        try:
            found.append(check_round(paths.search_round(number)))
        except DamagedFileError as error:
            overlook(error)
    return tuple(found)


def _numbers(paths: SweepPaths) -> Iterable[int]:
    """List the numbers of all rounds, with those in between that are gone."""
    found = [int(match[1]) for path in paths.search.glob("[0-9]*.json") if (match := _NAME.fullmatch(path.name))]
    return sorted({*found, *range(1, 1 + len(found))})


def unpruned(points: Sequence[DesignPoint], paths: SweepPaths) -> tuple[DesignPoint, ...]:
    """Leave out pruned runs. Comparisons of configurations must not see their scores."""
    pruned = read_done(paths).pruned
    return tuple(point for point in points if point.run_id not in pruned)


def progress(space: SearchSpace, paths: SweepPaths) -> Progress:
    """Count the trials of a grid's search."""
    trials = _trials(space, paths)
    return Progress(
        studies=len(space.studies),
        wanted=space.search.trials * len(space.studies),
        asked=sum(len(each) for each in trials.values()),
        told=sum(trial.is_told for each in trials.values() for trial in each),
        pruned=sum(trial.pruned is not None for each in trials.values() for trial in each),
        rounds=len(readable_rounds(paths)),
        outside=_outside(space, paths),
    )


def _outside(space: SearchSpace, paths: SweepPaths) -> int:
    asked = [asked for each in readable_rounds(paths) for asked in each.trials if asked.study_id in space.studies]
    return len(asked) - len(_within(asked, space.studies))


def best_of(space: SearchSpace, paths: SweepPaths) -> tuple[Best, ...]:
    """Find the best finished trial of each study that has one."""
    trials = _trials(space, paths)
    found = []
    for study in space.studies.values():
        told = [(trial.score, trial.choice) for trial in trials[study.study_id] if trial.score is not None]
        if told:
            score, choice = max(told, key=lambda each: each[0])
            found.append(Best(study, len(told), choice, score))
    return tuple(found)


def best_beside(study: Study, scored: Sequence[Scored]) -> Best | None:
    """Find the best configuration of another sweep that differs from the study only in alpha and tau. Seeds are the same.

    `scored` are that sweep's `scored_runs`.
    """
    scores: dict[Choice, dict[int, float]] = defaultdict(dict)
    for run in scored:
        alpha, alike = run.point.alpha, study_id(run.point, tau=study.tau is not None) == study.study_id
        if not run.pruned and alike and alpha is not None:
            scores[Choice(alpha, run.point.tau)][run.point.seed] = run.score
    seeds = {template.seed for template in study.templates}
    means = {choice: _mean([by_seed[seed] for seed in seeds]) for choice, by_seed in scores.items() if seeds <= set(by_seed)}
    if not means:
        return None
    choice = max(means, key=means.__getitem__)
    return Best(study, len(means), choice, means[choice])


def _next_round(space: SearchSpace, paths: SweepPaths) -> Round:
    search = space.search
    read_rounds(paths)  # The next round follows from all of them.
    if not _settled(search_points(space, paths), paths):
        return Round((), {})
    trials, asked, floors = _trials(space, paths), [], {}
    for study in space.studies.values():
        known = list(trials[study.study_id])
        floors[study.study_id] = floors_after(search.prune, study, known)
        for _ in range(min(search.batch, search.trials - len(known))):
            choice = choose(search, study, known)
            known.append(Trial(choice, None))
            asked.append(Asked(study.study_id, choice))
    return Round(tuple(asked), {key: by_step for key, by_step in floors.items() if by_step})


def _settled(points: Sequence[DesignPoint], paths: SweepPaths) -> bool:
    """Check whether every one of these runs is done or given up."""
    left = {point.run_id for point in points} - read_done(paths).file_of.keys()
    return not left or left <= {run for group in grouped(read_failures(paths), left) for run in group.gave_up}


def _trials(space: SearchSpace, paths: SweepPaths) -> Mapping[str, list[Trial]]:
    """Make the trials of each study, in the order in which they began, with scores from the results."""
    done = {run.point.run_id: run for run in scored_runs(paths)}
    trials: dict[str, list[Trial]] = {key: [] for key in space.studies}
    for asked in _within([asked for each in readable_rounds(paths) for asked in each.trials], space.studies):
        found = [done.get(point.run_id) for point in space.studies[asked.study_id].points(asked.choice)]
        trials[asked.study_id].append(_told(asked.choice, [run for run in found if run is not None], len(found)))
    return trials


def _told(choice: Choice, runs: Sequence[Scored], wanted: int) -> Trial:
    """Make a trial: with a score if all its runs were trained to their end, `pruned` if one was not."""
    curves = tuple(run.curve for run in runs)
    pruned = [run for run in runs if run.pruned]
    if pruned:
        return Trial(choice, None, curves, Pruned(min(max(run.curve) for run in pruned), _mean([run.score for run in pruned])))
    return Trial(choice, _mean([run.score for run in runs]) if len(runs) == wanted else None, curves)


def scored_runs(paths: SweepPaths) -> list[Scored]:
    """Read every done run."""
    done, found = read_done(paths), []
    for file in done.files:
        path = paths.pack_result(file.pack_id)
        try:
            rows = read_rows(path, _COLUMNS).to_pylist()
            with meaningful(path, RESULTS):
                found += [_scored(row) for row in rows if done.file_of.get(row["run_id"]) is file]
        except DamagedFileError as error:
            overlook(error)
    return found


def _scored(row: Mapping[str, Any]) -> Scored:
    curve = zip(row["curve_step"], row["curve_return"], strict=True)
    point = point_from_text(row["point"])
    return Scored(point, float(row["score"]), row["status"] == RunStatus.PRUNED, dict(curve))


def _points(space: SearchSpace, asked: Sequence[Asked]) -> tuple[DesignPoint, ...]:
    studies = space.studies
    return tuple(point for each in _within(asked, studies) for point in studies[each.study_id].points(each.choice))


def _within(asked: Sequence[Asked], studies: Mapping[str, Study]) -> list[Asked]:
    """Pick the trials of these studies within their ranges. If a grid was edited, the others no longer count."""
    return [each for each in asked if each.study_id in studies and studies[each.study_id].holds(each.choice)]


@dataclass(frozen=True)
class _Trial:
    """A trial in a round's file."""

    study: str
    alpha: float
    tau: float | None


@dataclass(frozen=True)
class _Content:
    """A round's file. Steps are texts, because names in JSON are texts."""

    trials: tuple[_Trial, ...]
    floors: dict[str, dict[str, float]] = field(default_factory=dict)


def check_round(path: Path) -> Round:
    """Read one round. Raises DamagedFileError."""
    try:
        content = read_json(path, _Content, ROUND, SCHEMA_VERSION)
    except FileNotFoundError as error:
        remedy = "restore it from a copy; or move all later rounds away: they are made again, and no finished run is lost"
        raise DamagedFileError(path, "not there, though later ones are", ROUND.title, ROUND.follows, remedy) from error
    with meaningful(path, ROUND):
        trials = tuple(Asked(trial.study, Choice(trial.alpha, trial.tau)) for trial in content.trials)
        return Round(
            trials,
            {study: {int(step): floor for step, floor in each.items()} for study, each in content.floors.items()},
        )


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)
