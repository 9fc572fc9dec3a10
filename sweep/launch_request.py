"""What somebody asks a launch to do, and what it would do about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.resources import Resources
from search_spaces.point import DesignPoint
from search_spaces.vocabulary import Keep
from sweep.paths import SweepPaths
from sweep.plan import Plan, make_plan
from sweep.workload import REAL


@dataclass(frozen=True)
class LaunchRequest:
    """What to launch. None means: all points `selected`, data in its usual place, `keep` what the sweep has pinned."""

    name: str
    grid: dict[str, Any]
    points: Sequence[DesignPoint]
    paths: SweepPaths
    resources: Resources
    data_root: Path | None = None
    selected: Collection[str] | None = None
    keep: Keep | None = None
    retry_failed: bool = False
    workload: str = REAL


def plan_of(request: LaunchRequest) -> Plan:
    """What this launch would do."""
    return make_plan(
        request.points,
        request.paths,
        slots=request.resources.slots,
        max_lanes=request.resources.max_lanes,
        room=request.resources.bytes_per_pack,
        selected=request.selected,
        retry_failed=request.retry_failed,
    )
