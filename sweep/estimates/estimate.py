"""Estimates what a plan takes: the seconds of each pack, then all packs scheduled on the slots.

No number is made up. If the time of one pack is not known, there is no estimate of the whole.
"""

from __future__ import annotations

import socket
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from recipe_sweep.cluster.prices import price_table
from recipe_sweep.sweep.clusters.machines import Machines
from recipe_sweep.sweep.estimates.calibration import Calibration, read_calibration
from recipe_sweep.sweep.estimates.estimate_file import BasisCount, Estimate, EvaluationShare
from recipe_sweep.sweep.estimates.finished_packs import finished_paces, start_seconds
from recipe_sweep.sweep.estimates.paces import Basis, Pace, Speeds, Timed, device_of
from recipe_sweep.sweep.estimates.schedule import makespan
from recipe_sweep.sweep.files.launch_file import REAL, REHEARSED
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import progress_path, read_progress
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.units import moment, percent

GPU_EFFICIENCY = 0.3
"""Share of a GPU's peak speed that training reaches, where nothing was measured. It is printed as an assumption."""
MUCH_EVALUATION = 0.1
"""Share of a pack's time from which evaluations are worth a word."""
LEAST_GPU_STEP_S = 0.01
"""A shorter step is hundreds of small kernels that wait for the host, so FLOPs do not determine its time."""


@dataclass(frozen=True)
class Money:
    """What the machines cost during the sweep, in USD: every worker on demand, and on spot."""

    on_demand_usd: float
    spot_usd: float


def estimate(plan: Plan, paths: SweepPaths, machines: Machines, workload: str = REAL) -> Estimate | None:
    """Estimate what a plan takes on these machines; None if there is nothing to train, or too little is known.

    A rehearsal gets no estimate, because the user chose how long it takes.
    """
    if not plan.packs or workload == REHEARSED:
        return None
    resources = machines.resources
    finished, notes = _finished(paths, machines, workload)
    probe = read_calibration(paths) if workload == REAL else None
    probed = () if probe is None or (machines.here and probe.host != socket.gethostname()) else probe.paces(_share(machines))
    speeds = Speeds(resources, finished, probed, lambda pack: _by_flops(pack, machines))
    times = [(pack, speeds.time(pack)) for pack in plan.packs]
    known = [(pack, timed) for pack, timed in times if timed is not None]
    if len(known) < len(times):
        return None
    seconds = [timed.seconds * _left(pack, plan, paths) for pack, timed in known]
    bases = Counter(timed.basis for _, timed in known)
    probed_packs = bases[Basis.PROBED] + bases[Basis.PROBED_SIZE]
    process_s = probe.start_s if probe is not None and probed_packs else 0.0
    ray_s = start_seconds(paths, machines)
    start_s = (ray_s or 0.0) + (process_s if resources.reuse_workers or not resources.uses_ray else 0.0)
    if resources.uses_ray and not resources.reuse_workers:
        seconds = [each + (process_s if _is_probed(timed) else 0.0) for each, (_, timed) in zip(seconds, known, strict=True)]
    if probe is not None and probed_packs:
        notes = (
            *notes,
            _probe_text(probe),
            *(() if machines.here else ("the probe ran on this machine, not on the cluster's",)),
        )
    if bases[Basis.FLOPS]:
        notes = (*notes, _flops_text(machines))
    if ray_s is None and resources.uses_ray:
        notes = (*notes, "without the start of Ray and of machines, because no launch has ended here yet")
    return Estimate(
        made_at=datetime.now(UTC),
        runs=plan.runs,
        packs=len(plan.packs),
        slots=resources.slots,
        wall_s=start_s + makespan(seconds, resources.slots),
        packs_s=sum(seconds),
        start_s=start_s,
        cpus=resources.cpus_per_pack,
        gpus=resources.gpu_per_pack if device_of(resources) == "cuda" else 0.0,
        bases=tuple(BasisCount(basis, bases[basis]) for basis in Basis if bases[basis]),
        notes=notes,
        evaluation=_much_evaluated(known),
    )


def _much_evaluated(known: Sequence[tuple[Pack, Timed]]) -> tuple[EvaluationShare, ...]:
    """Find the tasks whose packs spend more than a tenth of their time on evaluations. Packs of unknown share do not count."""
    spent: dict[str, float] = defaultdict(float)
    whole: dict[str, float] = defaultdict(float)
    for pack, timed in known:
        if timed.evaluation is not None:
            spent[pack.points[0].task] += timed.seconds * timed.evaluation
            whole[pack.points[0].task] += timed.seconds
    shares = (EvaluationShare(task, spent[task] / seconds) for task, seconds in sorted(whole.items()) if seconds > 0)
    return tuple(each for each in shares if each.share > MUCH_EVALUATION)


def money(estimated: Estimate, machines: Machines) -> Money | None:
    """Compute what the machines cost if all are up for the whole sweep; None if they have no price."""
    spending = machines.spending
    if spending is None:
        return None
    hours = estimated.wall_s / 3600
    return Money(hours * spending.most_per_hour, hours * spending.spot_per_hour)


def how_to_know(plan: Plan, machines: Machines) -> str:
    """Say why there is no estimate, and how to get one."""
    if device_of(machines.resources) != "cuda" or machines.here:
        return "No time estimate: this machine has not trained a pack of this size. `--calibrate` measures it within a minute."
    known = all(_peak(pack, machines) is not None for pack in plan.packs)
    why = "these networks are too small to estimate from FLOPs" if known else "cluster/prices.yaml has no FLOPs of this GPU"
    return f"No time estimate: {why}. Train one seed there first: `--only seed=0`."


def _finished(paths: SweepPaths, machines: Machines, workload: str) -> tuple[tuple[Pace, ...], tuple[str, ...]]:
    """Read the paces of finished packs on these machines, or else on this one, with a note that says so."""
    paces = finished_paces(paths, machines, workload)
    if paces or machines.here:
        return paces, ()
    paces = finished_paces(paths, replace(machines, here=True), workload)
    return paces, ("the finished packs ran on this machine, not on the cluster's",) if paces else ()


def _share(machines: Machines) -> float:
    return machines.resources.gpu_per_pack if device_of(machines.resources) == "cuda" else 0.0


def _is_probed(timed: Timed) -> bool:
    return timed.basis in (Basis.PROBED, Basis.PROBED_SIZE)


def _by_flops(pack: Pack, machines: Machines) -> float | None:
    """Compute seconds per operation from the GPU's peak; None if the device or step is not fit for it.

    These are CPUs, GPUs that are not in the table, and steps under `LEAST_GPU_STEP_S`.
    """
    share, peak = _share(machines), _peak(pack, machines)
    if share == 0 or peak is None:
        return None
    s_per_flop = 1 / (GPU_EFFICIENCY * peak * min(share, 1.0))
    return s_per_flop if s_per_flop * pack.cost / pack.points[0].steps >= LEAST_GPU_STEP_S else None


def _peak(pack: Pack, machines: Machines) -> float | None:
    """Look up the FLOP/s of the machines' GPU in a pack's precision; None if the table does not have it."""
    return None if machines.gpu is None else price_table().peak(machines.gpu, pack.points[0].precision.value)


def _left(pack: Pack, plan: Plan, paths: SweepPaths) -> float:
    """Compute the part of a pack's training that is still to do, between 0 and 1."""
    if pack.pack_id not in plan.resumed:
        return 1.0
    progress = read_progress(progress_path(paths.progress, pack.slice_of or pack.pack_id))
    return 1.0 if progress is None else max(1 - progress.step / progress.steps, 0.0)


BUSY = 0.8
"""A probe that had less of a processor than this share was slowed by other work; the note says so."""


def _probe_text(probe: Calibration) -> str:
    share = probe.processor_share
    busy = share < BUSY and probe.ready.device == "cpu"
    slowed = f"; other work left it {percent(share)} of a processor" if busy else ""
    return (
        f"probed on {probe.host} ({probe.processor}, {probe.cpus} CPUs, load {probe.load:.1f}) "
        f"at {moment(probe.measured_at)}, {len(probe.packs)} kinds in {probe.seconds:.0f} s{slowed}"
    )


def _flops_text(machines: Machines) -> str:
    return (
        f"from FLOPs, not measured: {machines.gpu} at an assumed {100 * GPU_EFFICIENCY:.0f} % of its peak, without evaluations"
    )
