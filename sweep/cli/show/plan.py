"""Prints plans: tables for people, and JSON with the same content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.expansion import AxisCount, axis_counts
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.show.cost import disk_content, disk_lines, estimate_content, estimate_lines
from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.show.runs import run_contents
from recipe_sweep.sweep.cli.show.text import plain_table, value_cells
from recipe_sweep.sweep.clusters.machines import Machines
from recipe_sweep.sweep.estimates.disk import DiskUse
from recipe_sweep.sweep.estimates.estimate_file import Estimate
from recipe_sweep.sweep.monitoring.run_list import ListedRun
from recipe_sweep.sweep.planning.opening import Target
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.results.setting_text import setting_text, value_text
from recipe_sweep.sweep.units import memory


@dataclass(frozen=True)
class Expected:
    """What a launch is expected to take: time and money (None if not known), and disk (None if there is nothing to do)."""

    estimate: Estimate | None
    disk: DiskUse | None


def print_plan(console: Console, target: Target, plan: Plan, machines: Machines, expected: Expected) -> None:
    """Show what a launch would do."""
    wanted = counted(plan.wanted, "run")
    count = wanted if plan.selected == plan.wanted else f"{plan.selected:,} of {wanted}"
    console.print(f"[bold]{target.grid.name}[/bold]: {count} wanted, in [bold]{escape(str(target.paths.root))}[/bold]")
    console.print(_axes(axis_counts(target.points)))
    for rule in target.excluded:
        console.print(f"Skipped {counted(rule.points, 'run')}: {escape(rule.reason.rstrip('.'))}.")
    print_work(console, plan, machines, expected.estimate)
    for line in disk_lines(expected.disk) if expected.disk is not None else ():
        console.print(escape(line))


def print_work(console: Console, plan: Plan, machines: Machines, estimated: Estimate | None, rehearses: bool = False) -> None:
    """Show what there is to do and why, and what it takes. A rehearsal gets no estimate."""
    for line in _plan_lines(plan, machines.resources):
        console.print(line)
    if plan.packs and not rehearses:
        for line in estimate_lines(plan, estimated, machines):
            console.print(escape(line))
    if plan.reasons:
        console.print(_reasons(plan))


def _plan_lines(plan: Plan, resources: Resources) -> Iterable[str]:
    """Say in a few lines what is done, what is to do, and what is left alone."""
    yield f"done: {len(plan.kept):,} of {plan.selected:,}" + (", kept as they are" if plan.kept and plan.packs else "")
    if plan.packs:
        sizes = Counter(len(pack.points) for pack in plan.packs)
        shown = ", ".join(f"{count} x {size}" for size, count in sorted(sizes.items(), reverse=True)[:4])
        more = ", ..." if len(sizes) > 4 else ""
        resumed = f", {len(plan.resumed)} of them from checkpoints" if plan.resumed else ""
        yield (
            f"to do: [bold]{counted(plan.runs, 'run')} in {counted(len(plan.packs), 'pack')}[/bold] "
            f"({shown}{more} {agreeing(plan.runs, 'run', 'runs')}){resumed}; "
            f"{resources.slots} at a time"
        )
        flops, alone = (sum(cost) for cost in zip(*((pack.cost, pack.cost_alone) for pack in plan.packs), strict=True))
        largest = max(pack.memory.total for pack in plan.packs)
        yield (
            f"arithmetic: {_operations(flops)}, {flops / alone:.2f} of what these runs take one by one; "
            f"memory: at most {memory(largest)} a pack{_too_large(largest, resources)}"
        )
    if plan.retrained_value_lanes:
        yield (
            f"{plan.retrained_value_lanes:,} value lanes of finished runs are trained again: the new runs need their critics, "
            "which were not kept"
        )
    if plan.gave_up:
        yield f"[red]failed: {counted(len(plan.gave_up), 'run')}[/red], which only --retry-failed tries again"
    if plan.held:
        yield f"[red]waiting: {counted(len(plan.held), 'run')}[/red], because a damaged results file may already hold them"
    if plan.outside:
        yield f"outside this grid: {counted(len(plan.outside), 'finished run')}, kept on disk but not in reports"
    if not plan.packs:
        yield "nothing to do"


def _operations(flops: float) -> str:
    """Write operations with a prefix: 3.2 PFLOP."""
    for prefix, size in (("E", 1e18), ("P", 1e15), ("T", 1e12)):
        if flops >= size:
            return f"{flops / size:,.1f} {prefix}FLOP"
    return f"{flops / 1e9:,.1f} GFLOP"


def _too_large(largest: int, resources: Resources) -> str:
    room = resources.bytes_per_pack
    return f", [red]more than the {memory(room)} it may take[/red]" if room is not None and largest > room else ""


def point_lines(point: DesignPoint) -> Iterable[str]:
    """List a run's id and everything that shapes its numbers."""
    yield f"run {point.run_id}"
    yield from (f"  {name:<20}{value_text(value)}" for name, value in point.canonical().items())


def plan_json(
    target: Target, plan: Plan, machines: Machines, expected: Expected, runs: Sequence[ListedRun] | None = None
) -> str:
    """Write the plan as JSON; with the runs that would be trained, if they are given."""
    resources = machines.resources
    content = {
        "name": target.grid.name,
        "directory": str(target.paths.root),
        "wanted": plan.wanted,
        "selected": plan.selected,
        "done": len(plan.kept),
        "to_do": plan.runs,
        "packs": len(plan.packs),
        "pack_sizes": [len(pack.points) for pack in plan.packs],
        "pack_flops": [pack.cost for pack in plan.packs],
        "pack_bytes": [pack.memory.total for pack in plan.packs],
        "flops_alone": sum(pack.cost_alone for pack in plan.packs),
        "resumed_packs": len(plan.resumed),
        "slots": resources.slots,
        "estimate": expected.estimate and estimate_content(expected.estimate, machines),
        "disk": expected.disk and disk_content(expected.disk),
        "failed": len(plan.gave_up),
        "outside": len(plan.outside),
        "held": len(plan.held),
        "retrained_value_lanes": plan.retrained_value_lanes,
        "reasons": [{"why": reason.why, "detail": reason.detail, "runs": len(reason.run_ids)} for reason in plan.reasons],
        "excluded": [{"reason": rule.reason, "runs": rule.points} for rule in target.excluded],
        "axes": {
            axis.axis: {setting_text(count.value): count.points for count in axis.values} for axis in axis_counts(target.points)
        },
    }
    listed = {} if runs is None else {"runs": run_contents(runs)}
    return json_text(content | listed)


def _axes(axes: Sequence[AxisCount]) -> Table:
    table = plain_table("axis", "runs per value")
    for axis in axes:
        pairs = [(value_text(count.value), f"{count.points:,}") for count in axis.values]
        table.add_row(axis.axis, "   ".join(value_cells(pairs)))
    return table


def _reasons(plan: Plan) -> Table:
    table = plain_table("kind", "runs", "packs", "reason")
    for reason in plan.reasons:
        runs = set(reason.run_ids)
        packs = sum(not runs.isdisjoint(pack.run_ids) for pack in plan.packs)
        table.add_row(reason.why, f"{len(runs):,}", f"{packs:,}", reason.detail)
    return table
