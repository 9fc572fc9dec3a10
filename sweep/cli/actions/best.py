"""`best`: the best configurations that a sweep has found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.analysis.findings.dataset_best import DatasetBest, DesignOnDataset, dataset_bests
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.sweep.cli.shared import console, open_reference, without_garbage_collection
from recipe_sweep.sweep.cli.show.best import bests_json, print_bests
from recipe_sweep.sweep.cli.show.search import best_json, best_table, compared, progress_line
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.files.sweep_file import is_rehearsal
from recipe_sweep.sweep.planning.opening import Reference, Target, open_target
from recipe_sweep.sweep.planning.search_rounds import unpruned


@dataclass(frozen=True)
class BestOptions:
    """A sweep, the directory of another sweep to compare with, and how to print."""

    reference: Reference
    beside: Path | None
    as_json: bool


def show_best(options: BestOptions) -> None:
    """Print the best values of each study of a search, or the best configuration of each design of a grid."""
    target = open_reference(options.reference).begun()
    other = open_target(str(options.beside)).begun() if options.beside is not None else None
    if target.space is None:
        _show_designs(target, other, options.as_json)
    else:
        _show_studies(target, other, options.as_json)


def _show_studies(target: Target, other: Target | None, as_json: bool) -> None:
    pairs = compared(target, None if other is None else other.paths)
    if as_json:
        say(best_json(pairs))
        return
    tell(progress_line(target))
    console().print(best_table(pairs))


def _show_designs(target: Target, other: Target | None, as_json: bool) -> None:
    with without_garbage_collection():
        found = _bests(target)
        beside = None if other is None else _bests(other)
    if as_json:
        say(bests_json(found, beside))
        return
    if not found:
        played = any(point.evaluate.plays for point in target.points)
        found_none = f"no finished run of this grid in {target.paths.root}"
        tell(found_none if played else "no run of this grid has a score, because `evaluate` is `none`")
        return
    if is_rehearsal(target.paths):
        console().print("[red]REHEARSAL[/red], made-up results")
    print_bests(console(), found, beside, target.points)


def _bests(target: Target) -> dict[DesignOnDataset, DatasetBest]:
    points = unpruned(target.points, target.paths)
    results = load_results(target.paths.results, wanted={point.run_id for point in points})
    return dataset_bests(results.runs, points)
