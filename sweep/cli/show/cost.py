"""Prints what a plan is expected to cost: lines for people, and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from recipe_sweep.search_spaces.abridged import listing
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.clusters.machines import Machines
from recipe_sweep.sweep.estimates.disk import DiskUse
from recipe_sweep.sweep.estimates.estimate import how_to_know, money
from recipe_sweep.sweep.estimates.estimate_file import Estimate
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.units import memory, slots, span

_LEAST_HOURS = 0.01


def estimate_lines(plan: Plan, estimated: Estimate | None, machines: Machines) -> Iterator[str]:
    """Say the time, the hours of devices, the money and where these come from; or how to get an estimate."""
    if estimated is None:
        yield how_to_know(plan, machines)
        return
    hours, each = _hours(estimated), span(_device_seconds(estimated) / estimated.runs)
    device = "GPU" if estimated.gpus else "CPU"
    yield f"time: about {span(estimated.wall_s)} on {slots(estimated.slots)}; {hours}, {each} of {device} per run"
    for one in estimated.evaluation:
        share = f"about {one.share:.2g} of the time of {one.task}'s packs"
        yield f"evaluation takes {share}; eval_episodes or eval_every change that"
    costs = money(estimated, machines)
    if costs is not None and machines.spending is not None:
        spot = f"${costs.spot_usd:,.2f} on spot, " if costs.spot_usd < costs.on_demand_usd else ""
        yield (
            f"money: about {spot}${costs.on_demand_usd:,.2f} on demand if all machines are up for that long, "
            f"${costs.on_demand_usd / estimated.runs:,.4f} per run on demand; {machines.spending.source}"
        )
    bases = "; ".join(f"{counted(count.packs, 'pack')} by {count.basis}" for count in estimated.bases)
    yield f"this comes from: {bases}" + "".join(f"; {note}" for note in estimated.notes)


def estimate_content(estimated: Estimate, machines: Machines) -> dict[str, object]:
    """Write an estimate for JSON."""
    costs = money(estimated, machines)
    own = {"made_at": estimated.made_at.isoformat(), "cpu_s": estimated.cpu_s, "gpu_s": estimated.gpu_s}
    return asdict(estimated) | own | {"money": costs and asdict(costs)}


def disk_lines(used: DiskUse) -> Iterator[str]:
    """Say how much disk the runs to do take, and where this comes from."""
    kept = "no weights" if used.keep is Keep.NONE else f"weights {memory(used.weights)} (keep: {used.keep})"
    yield (
        f"disk: {_about(used.stays)} more: results {memory(used.results)}, {kept}; "
        f"while packs train also checkpoints, at most {memory(used.checkpoints)}"
    )
    parts = [f"{memory(used.data_here)} here"] if used.data_here else []
    parts += [f"{_about(used.data_to_come)} to be made"] if used.data_to_come else []
    parts += [f"not known yet: {listing(used.unknown_data)}"] if used.unknown_data else []
    yield f"data: {'; '.join(parts)}"
    yield f"disk by {used.results_source}, by the shapes of networks, and by files of data that are here"


def disk_content(used: DiskUse) -> dict[str, object]:
    """Write the use of disk for JSON, in bytes."""
    return asdict(used) | {"unknown_data": list(used.unknown_data)}


def _device_seconds(estimated: Estimate) -> float:
    return estimated.gpu_s if estimated.gpus else estimated.cpu_s


def _hours(estimated: Estimate) -> str:
    """Say how many hours packs hold devices: GPUs and the share of a pack, or CPUs."""
    if estimated.gpus:
        return f"{_amount(estimated.gpu_s / 3600)} GPU-hours, {estimated.gpus:g} of a GPU per pack"
    return f"{_amount(estimated.cpu_s / 3600)} CPU-hours"


def _amount(hours: float) -> str:
    return f"{hours:,.2f}" if hours >= _LEAST_HOURS else f"under {_LEAST_HOURS}"


def _about(size: int) -> str:
    """Write an estimated number of bytes. One below a megabyte is no number."""
    return f"about {memory(size)}" if size >= 1e6 else memory(size)
