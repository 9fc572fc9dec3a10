"""`plan`: shows what a launch would train and why, and what it would take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from recipe_sweep.sweep.cli.shared import console, open_reference
from recipe_sweep.sweep.cli.show.plan import Expected, plan_json, print_plan
from recipe_sweep.sweep.cli.show.runs import Listing, print_runs
from recipe_sweep.sweep.cli.show.search import progress_line
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.clusters.machines import load_machines
from recipe_sweep.sweep.estimates.calibration import calibrate
from recipe_sweep.sweep.estimates.disk import DiskUse, disk_use
from recipe_sweep.sweep.estimates.estimate import estimate
from recipe_sweep.sweep.files.sweep_file import read_sweep_file
from recipe_sweep.sweep.launch.options import LaunchOptions, request_of
from recipe_sweep.sweep.monitoring.run_list import list_runs
from recipe_sweep.sweep.planning.opening import Target
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.planning.request import LaunchRequest, plan_of
from recipe_sweep.sweep.planning.search_rounds import next_points
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.trainers.data.catalogue import default_data_root


@dataclass(frozen=True)
class PlanOptions:
    """The launch to plan, whether to measure the speed first and to list the runs, and how to print."""

    launch: LaunchOptions
    measure: bool
    list_them: bool
    as_json: bool


def show_plan(options: PlanOptions) -> None:
    """Print what the launch would do. For a search, this is its next round."""
    target = open_reference(options.launch.reference)
    request = request_of(options.launch, target)
    if target.space is not None:
        target = replace(target, points=(*target.points, *next_points(target.space, target.paths)))
        request = replace(request, points=target.points)
        if not options.as_json:
            tell(progress_line(target))
    planned, machines = plan_of(request), load_machines(options.launch.cluster)
    if options.measure and planned.packs:
        calibrate(target.paths, planned.packs, request.resources)
    expected = Expected(estimate(planned, target.paths, machines, request.workload), disk_of(request, target, planned))
    listed = _listed(target, planned) if options.list_them else None
    if options.as_json:
        say(plan_json(target, planned, machines, expected, listed and listed.runs))
        return
    print_plan(console(), target, planned, machines, expected)
    if listed is not None:
        print_runs(console(), listed)


def disk_of(request: LaunchRequest, target: Target, planned: Plan) -> DiskUse | None:
    """Estimate the disk that a plan takes; None if it has no packs."""
    if not planned.packs:
        return None
    known = read_sweep_file(target.paths)
    keep = target.grid.keep if known is None else known.keep
    files = read_done(target.paths).files
    return disk_use(planned.packs, request.resources.slots, keep, files, request.data_root or default_data_root())


def _listed(target: Target, planned: Plan) -> Listing:
    """List the runs that would be trained, in the order of the grid."""
    to_train = {point.run_id for pack in planned.packs for point in pack.points}
    runs = list_runs((point for point in target.points if point.run_id in to_train), target.paths)
    return Listing(runs, len(runs), target.points)
