"""Plans what a launch will do: wanted minus done. Started packs are resumed, the rest is packed anew.

A run belongs to the newest started pack that holds it. If all runs of a pack are still to do, the pack is resumed unchanged.
If the grid was edited since, the wanted lanes are sliced out of the pack's checkpoint into a new pack. A pack that failed as
often as it may is halved. A single run that failed so often is given up until `--retry-failed`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import DamagedFileError, SweepDirectoryError
from recipe_sweep.sweep.files.failure_file import failed_attempts
from recipe_sweep.sweep.files.launch_file import Reason, Why
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, read_record, read_records
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.packing import Capacity, halves, longest_first, pack_points
from recipe_sweep.sweep.planning.reasons import explain
from recipe_sweep.sweep.results.done import DoneRuns, ResultFile, done_points, read_done

_PACK = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class Plan:
    """The work of one launch and the reasons for it; packs in the order in which they start.

    - `wanted`: the number of all runs of the grid.
    - `selected`: the number of those that `--only` leaves.
    - `kept`: the selected runs that are done.
    - `gave_up`: the selected runs that failed for good.
    - `outside`: the done runs that the grid no longer wants.
    - `forgiven`: packs whose failures no longer count, because of `--retry-failed`.
    - `weightless`: results files that do not count, because their weights are gone.
    - `held`: runs that wait because the results file of their pack is `damaged`. Nobody knows whether they are done.
    """

    wanted: int
    selected: int
    kept: tuple[str, ...]
    packs: tuple[Pack, ...]
    resumed: frozenset[str]
    reasons: tuple[Reason, ...]
    gave_up: tuple[str, ...]
    outside: tuple[str, ...]
    retrained_value_lanes: int
    forgiven: frozenset[str]
    weightless: tuple[ResultFile, ...]
    held: tuple[str, ...] = ()
    damaged: tuple[DamagedFileError, ...] = ()

    @property
    def runs(self) -> int:
        """Number of runs to train."""
        return sum(len(pack.points) for pack in self.packs)


class _Adopted(NamedTuple):
    """What the plan does with the packs that earlier launches started."""

    packs: tuple[Pack, ...]
    interrupted: tuple[str, ...]
    failed: tuple[str, ...]
    gave_up: tuple[str, ...]
    forgiven: frozenset[str]


def make_plan(
    points: Sequence[DesignPoint],
    paths: SweepPaths,
    capacity: Capacity,
    *,
    done: DoneRuns | None = None,
    selected: Collection[str] | None = None,
    retry_failed: bool = False,
) -> Plan:
    """Plan a launch of the grid's `points` in the sweep at `paths`, which need not exist. Write nothing but the index.

    `done` is what is published, if the caller has read it already.
    Raises SweepDirectoryError if a file of the sweep cannot be read.
    """
    done = done or read_done(paths)
    wanted = frozenset(point.run_id for point in points)
    chosen = [point for point in points if selected is None or point.run_id in selected]
    behind = _behind(paths, done)
    todo = {point.run_id: point for point in chosen if point.run_id not in done.file_of and point.run_id not in behind}
    outside = tuple(run_id for run_id in done.file_of if run_id not in wanted)
    weightless = tuple(file for file in done.files if file.weights_missing)

    adopted = (
        _adopt(read_records(paths, without=done.pack_ids), todo, failed_attempts(paths), retry_failed) if todo else _NOTHING
    )
    taken = {run_id for pack in adopted.packs for run_id in pack.run_ids} | set(adopted.gave_up)
    lost = {run_id for file in weightless for run_id in file.run_ids}
    fresh = [point for point in todo.values() if point.run_id not in taken]
    new = [point for point in fresh if point.run_id not in lost]
    before = done_points(paths, done, points) if new and done.file_of else []
    reasons = (
        *explain(new, before, wanted),
        *_reason(Why.WEIGHTS, "the weights kept beside their results are gone", [run for run in todo if run in lost]),
        *_reason(
            Why.INTERRUPTED,
            "resumed from the checkpoint of a started pack",
            [run for run in adopted.interrupted if run not in lost],
        ),
        *_reason(Why.FAILED, "tried again, in halves if a pack failed twice", adopted.failed),
    )
    return Plan(
        wanted=len(points),
        selected=len(chosen),
        kept=tuple(point.run_id for point in chosen if point.run_id in done.file_of),
        packs=(*longest_first(adopted.packs), *_new_packs(fresh, capacity, len(adopted.packs))),
        resumed=frozenset(pack.pack_id for pack in adopted.packs),
        reasons=reasons,
        gave_up=adopted.gave_up,
        outside=outside,
        retrained_value_lanes=_retrained(new, before),
        forgiven=adopted.forgiven,
        weightless=weightless,
        held=tuple(point.run_id for point in chosen if point.run_id in behind and point.run_id not in done.file_of),
        damaged=done.damaged,
    )


def _new_packs(points: Sequence[DesignPoint], capacity: Capacity, already: int) -> tuple[Pack, ...]:
    return pack_points(points, capacity.max_lanes, capacity.slots, already, capacity.room)


def _behind(paths: SweepPaths, done: DoneRuns) -> frozenset[str]:
    """Find the runs of packs whose results files are damaged, by the packs' records.

    They may be done, so they are not trained again until somebody has moved these files away. Raises DamagedFileError if a
    record is gone as well, because then any run may be among them. A file whose name is not a pack's holds no run.
    """
    held: set[str] = set()
    for damaged in done.damaged:
        if _PACK.fullmatch(damaged.path.stem):
            try:
                held |= set(read_record(paths.pack_record(damaged.path.stem)).pack.run_ids)
            except FileNotFoundError:
                raise damaged from None
            except DamagedFileError as record:
                raise SweepDirectoryError(*damaged.problems, *record.problems) from None
    return frozenset(held)


def _adopt(records: Iterable[PackRecord], todo: dict[str, DesignPoint], failed: dict[str, int], retry_failed: bool) -> _Adopted:
    packs: list[Pack] = []
    interrupted: list[str] = []
    again: list[str] = []
    gave_up: list[str] = []
    forgiven: set[str] = set()
    claimed: set[str] = set()
    for record in sorted(records, key=lambda record: record.age, reverse=True):
        pack = record.pack
        owned = tuple(point for point in pack.points if point.run_id in todo and point.run_id not in claimed)
        failures = failed.get(pack.pack_id, 0)
        if retry_failed and failures and any(point.run_id in todo for point in pack.points):
            forgiven.add(pack.pack_id)
            if pack.suspect:
                continue  # The pack that it was cut from is older, and takes its runs back.
            failures = 0
        claimed |= set(pack.run_ids)
        if not owned:
            continue
        ids = [point.run_id for point in owned]
        if failures < pack.attempts_allowed:
            packs.append(pack if len(owned) == len(pack.points) else Pack(owned, pack.pack_id, pack.suspect))
            (again if failures or pack.pack_id in forgiven else interrupted).extend(ids)
        elif len(pack.points) == 1:
            gave_up += ids
        else:
            packs += halves(owned, pack.pack_id) if len(owned) > 1 else [Pack(owned, pack.pack_id, suspect=True)]
            again += ids
    return _Adopted(tuple(packs), tuple(interrupted), tuple(again), tuple(gave_up), frozenset(forgiven))


_NOTHING = _Adopted((), (), (), (), frozenset())


def _reason(why: Why, detail: str, run_ids: Sequence[str]) -> tuple[Reason, ...]:
    return (Reason(why, detail, tuple(run_ids)),) if run_ids else ()


def _retrained(new: Sequence[DesignPoint], done: Sequence[DesignPoint]) -> int:
    """Count the value lanes of done runs that must be trained again, because new runs need them too."""

    def shared(points: Sequence[DesignPoint]) -> set[str]:
        return {point.value_lane_id for point in points if not point.critic_follows_actor}

    return len(shared(new) & shared(done)) if done else 0
