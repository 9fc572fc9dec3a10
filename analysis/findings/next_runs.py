"""Turns the steps of a recommendation into the runs that they lack, without those that are done."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.findings.best_recipe import Recipe
from recipe_sweep.analysis.findings.next_steps import Step
from recipe_sweep.analysis.results.scores import Configuration, ConfiguredRun, configured_runs, points_table
from recipe_sweep.analysis.results.thresholds import DATASET
from recipe_sweep.search_spaces.point import DesignPoint


@dataclass(frozen=True)
class NextRuns:
    """The runs that one step lacks. `done` are those of them that other results have, such as on seeds outside the grid."""

    step: Step
    points: tuple[DesignPoint, ...]
    done: int


class Scope(NamedTuple):
    """The task and the dataset that are asked about; None for all."""

    task: str | None = None
    dataset: str | None = None
    most_datasets: int | None = None
    """None for all; 1 where there are no results yet"""


def next_runs(
    steps: Sequence[Step], points: Sequence[DesignPoint], done: Iterable[DesignPoint], scope: Scope
) -> tuple[NextRuns, ...]:
    """List the runs that each step lacks of `FEWEST_SEEDS` seeds on each dataset. A step counts how many at most.

    `points` are those of the grid, `done` all finished runs. New runs have the lowest seeds that are free; seeds of the grid
    come first.
    """
    places = configured_runs(points_table(points))
    standing = [(point, places[point.run_id]) for point in points if point.run_id in places]
    asked = [(point, place) for point, place in standing if _within(point, place, scope)]
    datasets = list(dict.fromkeys((place.task, place.dataset) for _, place in asked))[: scope.most_datasets]
    seeds = _seeds_by_configuration(done)
    return tuple(_of_step(step, _Grid(points, asked, datasets), seeds) for step in steps)


_Standing = Sequence[tuple[DesignPoint, ConfiguredRun]]


class _Grid(NamedTuple):
    """All points of a grid, those asked about with their places, and the datasets of these by task and name."""

    points: Sequence[DesignPoint]
    asked: _Standing
    datasets: Sequence[tuple[str, str]]


def _of_step(step: Step, grid: _Grid, seeds: Mapping[str, set[int]]) -> NextRuns:
    members = [(point, place) for point, place in grid.asked if _is_of(point, place.configuration, step.recipe)]
    lacking, finished = [], 0
    for dataset in grid.datasets:
        known = [point for point, place in members if (place.task, place.dataset) == dataset]
        template = known[0] if known else _carried(_example(members, grid.asked, step.recipe), dataset, grid.asked)
        had = seeds.get(template.config_id, set())
        here = {point.seed for point in grid.points if point.config_id == template.config_id}
        finished += len(had - here)
        free = itertools.islice((seed for seed in _candidates(here) if seed not in had), max(0, FEWEST_SEEDS - len(had)))
        lacking.append([replace(template, seed=seed) for seed in free])
    # A budget may end the list, so the datasets take turns.
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*lacking))
    runs = [point for point in rounds if point is not None][: step.runs]
    return NextRuns(step, tuple(runs), min(finished, step.runs - len(runs)))


def _within(point: DesignPoint, place: ConfiguredRun, scope: Scope) -> bool:
    return scope.task in (None, point.task) and scope.dataset in (None, place.dataset)


def _is_of(point: DesignPoint, configuration: Configuration, recipe: Recipe) -> bool:
    design = (point.decomposition, point.value_learning, point.extraction)
    wanted = (recipe.decomposition, recipe.value_learning, recipe.extraction)
    return design == wanted and configuration == Configuration(recipe.alpha, recipe.tau, recipe.other)


def _seeds_by_configuration(done: Iterable[DesignPoint]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {}
    for point in done:
        found.setdefault(point.config_id, set()).add(point.seed)
    return found


def _candidates(own: Collection[int]) -> Iterator[int]:
    """Yield seeds for new runs: those of the grid, then all others from 0."""
    yield from sorted(own)
    yield from (seed for seed in itertools.count() if seed not in own)


def _example(members: _Standing, asked: _Standing, recipe: Recipe) -> DesignPoint:
    """Return a run of the recipe on any dataset. If the grid has none, make one from another run of the grid."""
    if members:
        return members[0][0]
    return replace(
        asked[0][0],
        decomposition=recipe.decomposition,
        value_learning=recipe.value_learning,
        extraction=recipe.extraction,
        alpha=recipe.alpha,
        tau=recipe.tau,
        critic_norm=recipe.decomposition.critic_norms[0],
    )


def _carried(example: DesignPoint, dataset: tuple[str, str], asked: _Standing) -> DesignPoint:
    """Carry a run over to another dataset of the grid."""
    there = next(point for point, place in asked if (place.task, place.dataset) == dataset)
    return replace(example, **{name: getattr(there, name) for name in DATASET})
