"""Estimates how long a pack takes from measurements of similar packs: seconds per counted operation, and their source.

The best evidence is a pack of the same kind: design, size, device, threads. If there are several, the nearest in number of
runs is taken, because small networks are faster together. If there is none, packs of other designs with the same size are
used, and the estimate says so. A pace is never used for another size, precision, device or number of threads.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.pack import Pack


class Size(NamedTuple):
    """What a pace depends on most. `share` is a pack's part of a GPU; 0 on a CPU."""

    hidden: tuple[int, ...]
    batch: int
    precision: str
    device: str
    threads: int
    share: float


class Kind(NamedTuple):
    """Packs that take the same time for the same operations."""

    task: str
    decomposition: str
    value_learning: str
    extractions: tuple[str, ...]
    size: Size


class Schedule(NamedTuple):
    """How often and how long a pack is evaluated."""

    every: int
    episodes: int
    more_at_the_end: float = 0.0
    """Further episodes of the last evaluation, per gradient step"""


class Basis(StrEnum):
    """Where a pack's time comes from, best first."""

    FINISHED = "finished packs of the same kind"
    PROBED = "the probe of this kind"
    FINISHED_SIZE = "finished packs of the same size, but other designs"
    PROBED_SIZE = "the probe of other designs of the same size"
    FLOPS = "FLOPs, not measured"


@dataclass(frozen=True)
class Pace:
    """Measured speed of one pack: seconds per operation of its gradient steps.

    For a finished pack they include its evaluations, by its `schedule`. For a probe `schedule` is None.
    `evaluation_s` is then the extra time of one episode of one run, with its part of the checkpoint: `checkpoint_s`, or None if
    that was not measured. `evaluated` is the share of a finished pack's time that its evaluations took; None if not recorded.
    """

    kind: Kind
    lanes: int
    s_per_flop: float
    evaluation_s: float = 0.0
    schedule: Schedule | None = None
    checkpoint_s: float | None = None
    evaluated: float | None = None

    def seconds(self, pack: Pack) -> float:
        """Compute the seconds of a pack that is trained at this pace from start to end."""
        episodes = pack.points[0].episodes * len(pack.points)
        return pack.cost * self.s_per_flop + episodes * self.evaluation_s

    def share_of_evaluation(self, pack: Pack) -> float | None:
        """Compute the share of a pack's time that its evaluations take; None if it was not measured.

        A finished pack must have the same schedule, and a probe the same task.
        """
        first = pack.points[0]
        if self.schedule is not None:
            return self.evaluated if self.kind.task == first.task and self.schedule == schedule_of(first) else None
        if self.checkpoint_s is None or self.kind.task != first.task:
            return None
        episodes = first.episodes * len(pack.points)
        return episodes * max(self.evaluation_s - self.checkpoint_s, 0.0) / self.seconds(pack)


@dataclass(frozen=True)
class Timed:
    """Seconds that a pack will take from start to end, and the source of this number.

    `evaluation` is the share that evaluations take; None if it is not known.
    """

    seconds: float
    basis: Basis
    evaluation: float | None = None


class Speeds:
    """All known speeds. `by_flops` gives the seconds per operation of a pack that was never measured, or None."""

    def __init__(
        self,
        resources: Resources,
        finished: Iterable[Pace],
        probed: Iterable[Pace],
        by_flops: Callable[[Pack], float | None] = lambda pack: None,
    ) -> None:
        self._resources, self._finished, self._probed = resources, tuple(finished), tuple(probed)
        self._by_flops = by_flops
        self._known: dict[tuple[Kind, Schedule, int], tuple[tuple[Pace, ...], Basis] | None] = {}

    def time(self, pack: Pack) -> Timed | None:
        """Estimate how long a pack takes; None if nothing is known of packs of its size."""
        kind, schedule = kind_of(pack.points, self._resources), schedule_of(pack.points[0])
        key = kind, schedule, len(pack.points)
        if key not in self._known:
            self._known[key] = self._evidence(*key)
        evidence = self._known[key]
        if evidence is not None:
            paces, basis = evidence
            shares = [share for pace in paces if (share := pace.share_of_evaluation(pack)) is not None]
            evaluation = statistics.fmean(shares) if shares else None
            return Timed(statistics.fmean(pace.seconds(pack) for pace in paces), basis, evaluation)
        s_per_flop = self._by_flops(pack)
        return None if s_per_flop is None else Timed(pack.cost * s_per_flop, Basis.FLOPS)

    def _evidence(self, kind: Kind, schedule: Schedule, lanes: int) -> tuple[tuple[Pace, ...], Basis] | None:
        same = [pace for pace in self._finished if pace.kind == kind and pace.schedule == schedule]
        probed = [pace for pace in self._probed if pace.kind == kind]
        alike = [pace for pace in self._finished if pace.kind.size == kind.size]
        others = [pace for pace in self._probed if pace.kind.size == kind.size]
        for paces, basis in (
            (_nearest(same, lanes), Basis.FINISHED),
            (_nearest(probed, lanes), Basis.PROBED),
            (tuple(alike), Basis.FINISHED_SIZE),
            (tuple(others), Basis.PROBED_SIZE),
        ):
            if paces:
                return paces, basis
        return None


def _nearest(paces: Sequence[Pace], lanes: int) -> tuple[Pace, ...]:
    """Pick the paces whose number of runs is nearest, by ratio."""
    distances = [abs(math.log(pace.lanes / lanes)) for pace in paces]
    return tuple(pace for pace, distance in zip(paces, distances, strict=True) if distance == min(distances))


def kind_of(points: Sequence[DesignPoint], resources: Resources) -> Kind:
    """Determine the kind of a pack on these machines."""
    first = points[0]
    device = device_of(resources)
    share = resources.gpu_per_pack if device == "cuda" else 0.0
    return Kind(
        task=first.task,
        decomposition=first.decomposition.value,
        value_learning=first.value_learning.value,
        extractions=tuple(sorted({point.extraction.value for point in points})),
        size=Size(first.hidden, first.batch, first.precision.value, device, resources.threads, share),
    )


def schedule_of(point: DesignPoint) -> Schedule:
    """Determine how often and how long a run is evaluated."""
    if not point.evaluate.plays:
        return Schedule(point.eval_every, 0, 0.0)
    more = point.episodes_at_the_end - point.eval_episodes
    return Schedule(point.eval_every, point.eval_episodes, more / point.steps)


def device_of(resources: Resources) -> str:
    """Determine the device of packs: `auto` is CUDA if they get a share of a GPU."""
    if resources.device != "auto":
        return resources.device
    return "cuda" if resources.gpu_per_pack > 0 else "cpu"
