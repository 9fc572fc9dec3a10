"""Packs: which runs one process trains together, and in which order.

Runs share a pack only if they share data, shapes and schedule (`DesignPoint.pack_key`). A group too large for `max_lanes` is
split by seed first. That costs nothing, because runs of different seeds share no value lane. If one seed is too large, it is
split by value lane. If one value lane is too large, its actors are split, and its critic is then trained once per part.

If there are fewer than two packs per slot, the costliest are split by seed. So all slots work until the end.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.pack import Pack, value_lane, value_lane_key

PACKS_PER_SLOT = 2


class Capacity(NamedTuple):
    """Limits of new packs: `slots` processes side by side, and the most runs and (if known) bytes of each pack."""

    slots: int
    max_lanes: int
    room: int | None = None


def pack_points(
    points: Iterable[DesignPoint], max_lanes: int, slots: int, already: int = 0, room: int | None = None
) -> tuple[Pack, ...]:
    """Group `points` into packs of at most `max_lanes` runs for `slots` processes side by side, costliest first.

    No pack of several runs needs more than `room` bytes, if that is given. `already` packs wait besides these and count
    towards two per slot. The result does not depend on the order of `points`.
    """
    groups: dict[str, list[DesignPoint]] = defaultdict(list)
    for point in points:
        groups[point.pack_key].append(point)
    ordered = [sorted(groups[key], key=_lane_order) for key in sorted(groups)]
    packs = [Pack(tuple(part)) for group in ordered for part in _fitting(group, max_lanes, room)]
    return longest_first(_spread(packs, max(PACKS_PER_SLOT * slots - already, 0)))


def longest_first(packs: Iterable[Pack]) -> tuple[Pack, ...]:
    """Order packs for training: the costliest first, so that no long pack starts when the others are done."""
    return tuple(sorted(packs, key=lambda pack: (-pack.cost, pack.pack_id)))


def halves(points: Sequence[DesignPoint], slice_of: str) -> tuple[Pack, ...]:
    """Divide the failed pack `slice_of` into two suspect packs: by seed, else by value lane, else by actor."""
    parts = next(parts for level in _LEVELS if len(parts := _grouped(points, level)) > 1)
    return tuple(Pack(joined, slice_of, suspect=True) for joined in _halved(parts))


def _lane_order(point: DesignPoint) -> tuple[float | str, ...]:
    return (*value_lane_key(point), point.extraction, -1.0 if point.alpha is None else point.alpha, point.actor_norm)


_LEVELS: tuple[Callable[[DesignPoint], Hashable], ...] = (lambda point: point.seed, value_lane, lambda point: point.run_id)


def _grouped(points: Sequence[DesignPoint], level: Callable[[DesignPoint], Hashable]) -> list[list[DesignPoint]]:
    return [list(part) for _, part in itertools.groupby(points, key=level)]


def _split(points: Sequence[DesignPoint], max_lanes: int, depth: int = 0) -> list[list[DesignPoint]]:
    """Cut ordered points into parts of at most `max_lanes`, between seeds if that is enough, else one level deeper."""
    if len(points) <= max_lanes:
        return [list(points)]
    fitting: list[list[DesignPoint]] = []
    chunks: list[list[DesignPoint]] = []
    for part in _grouped(points, _LEVELS[depth]):
        if len(part) <= max_lanes:
            fitting.append(part)
        else:
            chunks += _even_chunks(fitting, max_lanes) + _split(part, max_lanes, depth + 1)
            fitting = []
    return chunks + _even_chunks(fitting, max_lanes)


def _fitting(points: Sequence[DesignPoint], max_lanes: int, room: int | None) -> list[list[DesignPoint]]:
    """Cut points into parts of at most `max_lanes` runs, or fewer if a part would need more memory than `room`."""
    from recipe_sweep.trainers.cost import pack_memory

    while True:
        parts = _split(points, max_lanes)
        largest = max(len(part) for part in parts)
        needed = max(pack_memory(part).total for part in parts)
        if room is None or needed <= room or largest == 1:
            return parts
        max_lanes = max(min(largest - 1, int(largest * room / needed)), 1)


def _even_chunks(parts: Sequence[Sequence[DesignPoint]], max_lanes: int) -> list[list[DesignPoint]]:
    """Join neighbouring parts into as few chunks as `max_lanes` allows, with the largest chunk as small as possible."""
    if not parts:
        return []
    sizes = [len(part) for part in parts]
    fewest = len(_cuts(sizes, max_lanes))
    capacity = next(size for size in range(max(sizes), max_lanes + 1) if len(_cuts(sizes, size)) == fewest)
    return [list(itertools.chain.from_iterable(parts[start:stop])) for start, stop in _cuts(sizes, capacity)]


def _cuts(sizes: Sequence[int], capacity: int) -> list[tuple[int, int]]:
    """Cut a row of parts greedily into ranges [start, stop) whose sizes sum to at most `capacity`."""
    cuts, start, load = [], 0, 0
    for index, size in enumerate(sizes):
        if load + size > capacity and index > start:
            cuts.append((start, index))
            start, load = index, 0
        load += size
    return [*cuts, (start, len(sizes))]


def _spread(packs: list[Pack], wanted: int) -> list[Pack]:
    """Split the costliest packs by seed into halves until there are `wanted`, or only single-seed packs are left."""
    heap = [(-pack.cost, pack.pack_id, pack) for pack in packs if len(pack.seeds) > 1]
    heapq.heapify(heap)
    single = [pack for pack in packs if len(pack.seeds) == 1]
    while heap and len(heap) + len(single) < wanted:
        _, _, pack = heapq.heappop(heap)
        for part in (Pack(joined) for joined in _halved(_grouped(pack.points, _LEVELS[0]))):
            if len(part.seeds) > 1:
                heapq.heappush(heap, (-part.cost, part.pack_id, part))
            else:
                single.append(part)
    return [pack for _, _, pack in heap] + single


def _halved(parts: Sequence[Sequence[DesignPoint]]) -> tuple[tuple[DesignPoint, ...], tuple[DesignPoint, ...]]:
    middle = len(parts) // 2
    return tuple(itertools.chain.from_iterable(parts[:middle])), tuple(itertools.chain.from_iterable(parts[middle:]))
