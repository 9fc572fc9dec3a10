"""`recommend`: what to train first and next, and the grid of the next runs."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from recipe_sweep.analysis.errors import AdviceError
from recipe_sweep.analysis.findings.next_runs import NextRuns, Scope, next_runs
from recipe_sweep.analysis.findings.recommendation import Basis, Recommendation
from recipe_sweep.analysis.report.advice import advise
from recipe_sweep.analysis.report.next_grid import next_grid
from recipe_sweep.analysis.report.recommendation_text import recommendation_json, recommendation_lines
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.sweep.cli.shared import open_reference
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.files.out_file import is_standard_output, is_stream, writing
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import SWEEPS, Reference, Target
from recipe_sweep.sweep.planning.search_rounds import unpruned
from recipe_sweep.sweep.results.done import done_points, read_done

_LONGEST_STEM = 56
"""Characters of a name before `-next`; a grid's name has at most 64."""


@dataclass(frozen=True)
class RecommendOptions:
    """What to recommend for, by which score, and where to write the next grid, if anywhere."""

    reference: Reference
    task: str | None
    dataset: str | None
    budget: str | None
    score: ScoreRule
    as_json: bool
    out: Path | None


def recommend_next(options: RecommendOptions) -> None:
    """Print the recommendation. If a file is named and a run is missing, write the grid of the next runs."""
    _check_free(options.out)
    target = open_reference(options.reference)
    points = unpruned(target.points, target.paths)
    found = advise(
        target.paths.root, points, task=options.task, dataset=options.dataset, budget=options.budget, score=options.score
    )
    # Standard output must have the grid alone, because a program reads it.
    file = sys.stderr if options.out is not None and is_standard_output(options.out) else None
    if options.as_json:
        say(recommendation_json(found), file=file)
    else:
        tell("\n".join(recommendation_lines(found)), file=file)
    if options.out is not None:
        _write(target, points, found, options, options.out)


def _write(
    target: Target, points: tuple[DesignPoint, ...], found: Recommendation, options: RecommendOptions, out: Path
) -> None:
    told = sys.stderr if options.as_json or is_standard_output(out) else None
    family = list(_family(target))
    name, before = family[-1], [paths for each in family[:-1] for paths in _places(target, each)]
    read = (done_points(paths, read_done(paths), target.points) for paths in (target.paths, *before))
    done = [_on_newest_data(point) for found_there in read for point in found_there]
    published = found.basis is Basis.PAPER
    if options.task is not None and all(point.task != options.task for point in points):
        expected = "a task of the grid, whose settings the next grid can take over"
        raise AdviceError(Problem(key="--task", found=options.task, expected=expected))
    wanted = tuple(map(_on_newest_data, points))
    runs = next_runs(found.steps, wanted, done, Scope(options.task, options.dataset, 1 if published else None))
    count = sum(len(one.points) for one in runs)
    if not count:
        tell(f"{_nothing(found, runs)}; {out} was not written", file=told)
        return
    text = next_grid(found, [one for one in runs if one.points], target.grid, name)
    with writing(out) as file:
        file.write(text.encode())
    steps = sum(bool(one.points) for one in runs)
    tell(
        f"\nwrote {out}: {counted(count, 'run')} of {counted(steps, 'configuration')}, the sweep {name}{_further(runs)}; "
        f"next: {pasted('recipe-sweep', 'plan', out)}",
        file=told,
    )


def _on_newest_data(point: DesignPoint) -> DesignPoint:
    """Name the newest version of a run's home-made data, because a new grid has that, whatever its sweep began with."""
    newest = TASKS[point.task].version(point.source, point.dataset)
    return replace(point, dataset_version=newest) if point.source is Source.HOMEGROWN else point


def _nothing(found: Recommendation, runs: tuple[NextRuns, ...]) -> str:
    if found.recipe is None:
        return "no configuration is recommended"
    return f"no run is left to train{_further(runs)}"


def _further(runs: tuple[NextRuns, ...]) -> str:
    """Say how many runs of the steps are done outside the grid."""
    done = sum(one.done for one in runs)
    return (
        f"; {counted(done, 'further run')} of these steps {'is' if done == 1 else 'are'} done outside this grid" if done else ""
    )


def _family(target: Target) -> Iterator[str]:
    """Yield the names of the sweeps that began as this sweep's next grids, and last a name that is free."""
    stem = re.sub(r"-next(-[0-9]+)?$", "", target.grid.name)[:_LONGEST_STEM]
    if stem != target.grid.name:
        yield stem
    for number in itertools.count(1):
        name = f"{stem}-next" if number == 1 else f"{stem}-next-{number}"
        yield name
        if not any(paths.lock_file.exists() for paths in _places(target, name)) and name != target.grid.name:
            return


def _places(target: Target, name: str) -> tuple[SweepPaths, ...]:
    """Return where a sweep of this name may be: beside this one, or where a launch begins it."""
    roots = {root.absolute(): root for root in (target.paths.root.parent / name, SWEEPS / name)}
    return tuple(SweepPaths(root) for root in roots.values())


def _check_free(out: Path | None) -> None:
    """Refuse to write over a file, because it may be a grid that was launched. Raises UserInputError."""
    if out is not None and not is_stream(out) and out.exists():
        raise UserInputError(Problem(f"-o {out}", found="a file that is there already", expected="a name that is free"))
