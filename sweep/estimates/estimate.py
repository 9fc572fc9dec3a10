"""What a plan takes: seconds of each pack by what is known of speed, then all of them scheduled on the slots.

No number is made up: where the time of a single pack is not known, there is no estimate of the whole.
"""

from __future__ import annotations

import socket
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from recipe_sweep.cluster.prices import price_table
from recipe_sweep.sweep.clusters.machines import Machines
from recipe_sweep.sweep.estimates.calibration import Calibration, read_calibration
from recipe_sweep.sweep.estimates.estimate_file import BasisCount, Estimate
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
"""Of a GPU's peak, where nothing was measured: an assumption, and printed as one."""
LEAST_GPU_STEP_S = 0.01
"""A shorter step is hundreds of small kernels that wait for the host: operations tell nothing of its time."""


@dataclass(frozen=True)
class Money:
    """What the machines cost meanwhile, in USD: every worker on demand, and on spot."""

    on_demand_usd: float
    spot_usd: float


def estimate(plan: Plan, paths: SweepPaths, machines: Machines, workload: str = REAL) -> Estimate | None:
    """What training a plan's packs takes on these machines; None where there is nothing to train, or too little is known.

    How long a rehearsal takes is what somebody asked for, so no estimate is made of it.
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
    start_s = (ray_s or 0.0) + (process_s if resources.reuse_workers or resources.inline else 0.0)
    if not (resources.reuse_workers or resources.inline):
        seconds = [each + (process_s if _is_probed(timed) else 0.0) for each, (_, timed) in zip(seconds, known, strict=True)]
    if probe is not None and probed_packs:
        notes = (*notes, _probe_text(probe), *(() if machines.here else ("this machine was probed, not the cluster's",)))
    if bases[Basis.FLOPS]:
        notes = (*notes, _flops_text(machines))
    if ray_s is None and not resources.inline:
        notes = (*notes, "the start of Ray and of machines is not in it: no launch has ended here yet")
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
    )


def money(estimated: Estimate, machines: Machines) -> Money | None:
    """What the machines cost if all are up for as long as the sweep takes; None where they have no price."""
    spending = machines.spending
    if spending is None:
        return None
    hours = estimated.wall_s / 3600
    return Money(hours * spending.most_per_hour, hours * spending.spot_per_hour)


def how_to_know(machines: Machines) -> str:
    """What to do where there is no estimate."""
    if device_of(machines.resources) == "cuda" and not machines.here:
        return (
            "no time: nothing of this size was trained on these machines, and FLOPs tell nothing of a GPU that is not in "
            "cluster/prices.yaml, nor of steps under 10 ms; train a part there, say with --only seed=0, and plan again"
        )
    return "no time: no pack of this size has been trained on this machine; `--calibrate` measures it in at most a minute"


def _finished(paths: SweepPaths, machines: Machines, workload: str) -> tuple[tuple[Pace, ...], tuple[str, ...]]:
    """Paces of finished packs and what is to be said of them: of the machines in question, else of this one."""
    paces = finished_paces(paths, machines, workload)
    if paces or machines.here:
        return paces, ()
    paces = finished_paces(paths, replace(machines, here=True), workload)
    return paces, ("finished packs are this machine's, not the cluster's",) if paces else ()


def _share(machines: Machines) -> float:
    return machines.resources.gpu_per_pack if device_of(machines.resources) == "cuda" else 0.0


def _is_probed(timed: Timed) -> bool:
    return timed.basis in (Basis.PROBED, Basis.PROBED_SIZE)


def _by_flops(pack: Pack, machines: Machines) -> float | None:
    """Seconds per operation from the GPU's peak; None for CPUs, for GPUs that are not in the table, and for small steps."""
    share = _share(machines)
    if machines.gpu is None or share == 0:
        return None
    peak = price_table().peak(machines.gpu, pack.points[0].precision.value)
    if peak is None:
        return None
    s_per_flop = 1 / (GPU_EFFICIENCY * peak * min(share, 1.0))
    return s_per_flop if s_per_flop * pack.cost / pack.points[0].steps >= LEAST_GPU_STEP_S else None


def _left(pack: Pack, plan: Plan, paths: SweepPaths) -> float:
    """The part of a pack's training that is still to be done."""
    if pack.pack_id not in plan.resumed:
        return 1.0
    progress = read_progress(progress_path(paths.progress, pack.slice_of or pack.pack_id))
    return 1.0 if progress is None else max(1 - progress.step / progress.steps, 0.0)


BUSY = 0.8
"""A probe that had less of a processor than this was slowed by other work, and it is said."""


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
        f"from FLOPs, not measured: {machines.gpu} at an assumed {100 * GPU_EFFICIENCY:.0f} % of its peak, evaluations left out"
    )
