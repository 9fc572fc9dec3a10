"""Writes the grid that a recommendation asks for, with the reasons as comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recipe_sweep.analysis.findings.next_runs import NextRuns
from recipe_sweep.analysis.findings.recommendation import Recommendation
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.points_grid import Heading, written_grid


def next_grid(found: Recommendation, runs: Sequence[NextRuns], grid: Grid, name: str) -> str:
    """Write a grid of this name with the runs of all steps. `grid` is that of the sweep from which they follow."""
    points = {point.run_id: point for step in runs for point in step.points}
    keep = grid.keep if "keep" in grid.document.content else None
    heading = Heading(
        name, f"What to train after {grid.name}.", tuple(_comments(found, runs, grid)), ablation=grid.ablation, keep=keep
    )
    return written_grid(tuple(points.values()), heading)


def _comments(found: Recommendation, runs: Sequence[NextRuns], grid: Grid) -> Iterator[str]:
    yield f"What to train after {grid.name}: written by `recipe-sweep recommend`. Runs that are done are not listed."
    yield ""
    yield from found.sentences
    yield ""
    for number, one in enumerate((each for each in runs if each.points), 1):
        yield f"{number}. {one.step.recipe.text}: {counted(len(one.points), 'run')} ({one.step.why})"
