"""`plan --calibrate`: times the costliest kinds of packs of a plan on this machine, in one process, for at most a minute.

The result stays in the sweep's directory, with its date, the machine and the versions. Every later plan of the sweep uses it.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recipe_sweep.cluster.machine import processor_name, usable_cpus, visible_gpus
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.errors import DamagedFileError, ProbeError
from recipe_sweep.sweep.estimates.paces import Kind, Pace, device_of, kind_of
from recipe_sweep.sweep.estimates.probe_process import Ready, Timing
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import CALIBRATION
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import points_to_json
from recipe_sweep.sweep.files.reading import meaningful, read_json
from recipe_sweep.trainers.allocator import ALLOCATOR

SCHEMA_VERSION = 1
PROBE_S = 60.0
"""Longest time of a probe, with the start of its process."""
_MARGIN_S = 5.0
"""Time before the end in which no further pack is begun."""


@dataclass(frozen=True)
class ProbedPack:
    """One kind of pack that was timed. The probe had the GPU for itself, so its kind's `share` is 1."""

    kind: Kind
    timing: Timing


@dataclass(frozen=True)
class Calibration:
    """How fast a machine was. `load` is its load average of the minute before; `start_s` is the start of a process."""

    measured_at: datetime
    host: str
    processor: str
    cpus: int
    load: float
    seconds: float
    ready: Ready
    start_s: float
    packs: tuple[ProbedPack, ...]

    @property
    def processor_share(self) -> float:
        """Share of a processor that the probe's steps had: well below 1 if the machine was busy with other work."""
        timings = [pack.timing for pack in self.packs]
        return sum(each.steps * each.cpu_s for each in timings) / sum(each.steps * each.step_s for each in timings)

    def paces(self, share: float) -> tuple[Pace, ...]:
        """Compute the paces of packs with this share of a GPU. They are assumed to gain nothing by sharing it."""
        return tuple(_pace(pack, share) for pack in self.packs)


def calibrate(paths: SweepPaths, packs: Iterable[Pack], resources: Resources, seconds: float = PROBE_S) -> Calibration:
    """Time the kinds of `packs`, the costliest kinds first, and write the result.

    Raises UserInputError if they need a GPU and this machine has none, ProbeError if nothing could be timed.
    """
    device = device_of(resources)
    if device == "cuda" and not visible_gpus():
        found, expected = "a plan for GPUs, and a machine without one", "packs for a device that this machine has"
        raise UserInputError(
            Problem("--calibrate", found=found, expected=expected, hint="calibrate on a machine of the cluster")
        )
    chosen = _costliest(packs, resources)
    load = os.getloadavg()[0]
    begun = time.monotonic()
    lines, start_s = _run([pack for _, pack in chosen], device, resources.threads, seconds)
    ready, timings = Ready(**lines[0]), [Timing(**line) for line in lines[1:]]
    share = 1.0 if ready.device == "cuda" else 0.0
    first_s = max(timings[0].first_s - timings[0].step_s, 0.0)
    calibration = Calibration(
        measured_at=datetime.now(UTC),
        host=socket.gethostname(),
        processor=processor_name(),
        cpus=usable_cpus(),
        load=load,
        seconds=time.monotonic() - begun,
        ready=ready,
        start_s=start_s + first_s,
        packs=tuple(ProbedPack(_with_share(chosen[timing.place][0], share), timing) for timing in timings),
    )
    replace_json(
        paths.calibration,
        {"schema_version": SCHEMA_VERSION} | asdict(calibration) | {"measured_at": calibration.measured_at.isoformat()},
    )
    return calibration


def read_calibration(paths: SweepPaths) -> Calibration | None:
    """Read what was measured for this sweep; None if nothing was, or if the file is damaged, which is noted."""
    try:
        return check_calibration(paths.calibration)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None


def check_calibration(path: Path) -> Calibration:
    """Read what was measured. Raises FileNotFoundError, DamagedFileError."""
    calibration = read_json(path, Calibration, CALIBRATION, SCHEMA_VERSION)
    with meaningful(path, CALIBRATION):
        if not (0.0 < calibration.processor_share < math.inf and all(pack.timing.flops > 0 for pack in calibration.packs)):
            raise ValueError("no pack was timed")
        if calibration.measured_at.tzinfo is None:
            raise ValueError(f"{calibration.measured_at} has no time zone")
    return calibration


def _costliest(packs: Iterable[Pack], resources: Resources) -> list[tuple[Kind, Pack]]:
    """Pick the largest pack of each kind. Kinds whose packs cost most together come first."""
    kinds: dict[Kind, list[Pack]] = defaultdict(list)
    for pack in packs:
        kinds[kind_of(pack.points, resources)].append(pack)
    ranked = sorted(kinds.items(), key=lambda each: -sum(pack.cost for pack in each[1]))
    return [(kind, max(alike, key=lambda pack: pack.cost)) for kind, alike in ranked]


def _run(packs: Sequence[Pack], device: str, threads: int, seconds: float) -> tuple[list[dict[str, Any]], float]:
    """Run the probe's process until its time is over; return its lines, and the seconds until the first of them."""
    request = {
        "device": device,
        "threads": threads,
        "seconds": seconds - _MARGIN_S,
        "packs": [points_to_json(pack.points) for pack in packs],
    }
    pools = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "recipe_sweep.sweep.estimates.probe_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ALLOCATOR | os.environ | pools,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        end = threading.Timer(seconds, process.kill)
        end.start()
        try:
            process.stdin.write(json.dumps(request))
            process.stdin.close()
            lines, start_s = [], 0.0
            for line in process.stdout:
                start_s = start_s or time.monotonic() - begun
                lines.append(json.loads(line))
            trouble = process.stderr.read().strip()
        finally:
            end.cancel()
            process.kill()
    if len(lines) < 2:
        cause = trouble or f"the machine is too busy, its load is {os.getloadavg()[0]:.1f}"
        raise ProbeError(f"the probe timed no pack in {time.monotonic() - begun:.0f} s: {cause}")
    return lines, start_s


def _with_share(kind: Kind, share: float) -> Kind:
    return kind._replace(size=kind.size._replace(share=share))


def _pace(pack: ProbedPack, share: float) -> Pace:
    timing = pack.timing
    shared = pack.kind.size.share > 0
    part = min(share, 1.0) if shared else 1.0
    kind = _with_share(pack.kind, share) if shared else pack.kind
    each = timing.step_s / timing.flops / part
    return Pace(kind, timing.lanes, each, timing.evaluation_s, checkpoint_s=timing.checkpoint_s)
