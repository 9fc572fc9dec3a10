"""`runs`: the runs of a grid, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recipe_sweep.sweep.cli.shared import console, open_reference, without_garbage_collection
from recipe_sweep.sweep.cli.show.runs import Listing, print_runs, runs_json
from recipe_sweep.sweep.cli.streams import say
from recipe_sweep.sweep.monitoring.listed_status import ListedStatus
from recipe_sweep.sweep.monitoring.run_list import list_runs, sorted_runs
from recipe_sweep.sweep.planning.opening import Reference


@dataclass(frozen=True)
class RunsOptions:
    """Which runs to list, by what to sort them, how many to show, and how to print. `limit` is None for all."""

    reference: Reference
    only: Sequence[str]
    statuses: Sequence[ListedStatus]
    order: str | None
    limit: int | None
    as_json: bool


def show_runs(options: RunsOptions) -> None:
    """Print the runs that the options select. Raises as `open_reference`, and SelectionError for a wrong filter or order."""
    with without_garbage_collection():
        target = open_reference(options.reference)
        runs = list_runs(target.selected(options.only), target.paths)
        found = tuple(run for run in runs if not options.statuses or run.status in options.statuses)
        if options.order is not None:
            found = sorted_runs(found, options.order)
    listing = Listing(found[: options.limit], len(found), target.points)
    if options.as_json:
        say(runs_json(target, listing))
    else:
        print_runs(console(), listing)
