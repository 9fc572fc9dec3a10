"""The request to a launch, and the plan that follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import NUMERICS_VERSION, DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import Rehearsal, is_rehearsal, read_sweep_file
from recipe_sweep.sweep.planning.numerics import refuse_numerics
from recipe_sweep.sweep.planning.packing import Capacity
from recipe_sweep.sweep.planning.plan import Plan, make_plan
from recipe_sweep.sweep.results.done import DoneRuns, read_done
from recipe_sweep.sweep.store.base import Store


@dataclass(frozen=True)
class LaunchRequest:
    """What to launch.

    None means: all points are `selected`, data are in their usual place, and `keep` is what the sweep has pinned. Without
    a `rehearsal` it trains, and without a `store` nothing is copied.
    """

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
    rehearsal: Rehearsal | None = None
    store: Store | None = None
    launch_id: str = field(default_factory=lambda: uuid4().hex)
    """name of this launch before it has an epoch"""

    @property
    def numerics(self) -> int:
        """Version of the numbers that its runs have."""
        return self.points[0].numerics if self.points else NUMERICS_VERSION


def plan_of(request: LaunchRequest) -> Plan:
    """Plan this launch. Raises SweepDirectoryError if a rehearsal and a real sweep would share a directory."""
    done = read_done(request.paths)
    _refuse_to_mix(request, done)
    return make_plan(
        request.points,
        request.paths,
        Capacity(request.resources.slots, request.resources.max_lanes, request.resources.bytes_per_pack),
        done=done,
        selected=request.selected,
        retry_failed=request.retry_failed,
    )


def check_numerics(request: LaunchRequest, todo: Iterable[DesignPoint]) -> None:
    """Refuse to train runs of other numerics. A rehearsal trains nothing. Raises SweepDirectoryError."""
    if request.rehearsal is None:
        refuse_numerics(todo, request.paths)


def check_playable(request: LaunchRequest, todo: Iterable[DesignPoint]) -> None:
    """Refuse runs whose evaluations cannot be played here, before they are trained. Raises UnplayableTaskError.

    A rehearsal plays nothing.
    """
    if request.rehearsal is None:
        from recipe_sweep.trainers.environments.registry import require_playable

        require_playable(todo)


def _refuse_to_mix(request: LaunchRequest, done: DoneRuns) -> None:
    """Refuse made-up results in a real sweep, and real results in a rehearsal. The sweep's file and every row say which."""
    rehearses = request.rehearsal is not None
    strange = next((file.pack_id for file in done.files if file.rehearsal is not rehearses), None)
    begun = request.paths.lock_file.exists()
    if strange is None and (not begun or is_rehearsal(request.paths) is rehearses):
        _refuse_another_world(request)
        return
    path = request.paths.lock_file if strange is None else request.paths.pack_result(strange)
    raise SweepDirectoryError(
        Problem(
            file=str(path),
            found="a real sweep" if rehearses else "a rehearsal: its results are made up",
            expected="a directory of its own for a rehearsal" if rehearses else "a directory without made-up results",
            hint="name another with --dir" if rehearses else "launch in another with --dir, or remove this one",
        )
    )


def _refuse_another_world(request: LaunchRequest) -> None:
    """Raise SweepDirectoryError if a rehearsal asks for another world than the one that its directory has begun with."""
    sweep = read_sweep_file(request.paths)
    known = None if sweep is None else sweep.rehearsal
    if request.rehearsal is None or known is None or request.rehearsal.world in (None, known.world):
        return
    raise SweepDirectoryError(
        Problem(
            file=str(request.paths.lock_file),
            found="a plain rehearsal" if known.world is None else f"a rehearsal --{known.world}",
            expected=f"a rehearsal --{request.rehearsal.world}, or a new directory",
            hint="name another with --dir",
        )
    )
