"""A pack: the runs that one process trains together.

Its file is that of `pack_file.py`; how runs come into packs is in sweep/planning/packing.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.point import ID_LENGTH, DesignPoint

if TYPE_CHECKING:
    from recipe_sweep.trainers.cost import Memory


@dataclass(frozen=True)
class Pack:
    """Runs trained together by one process, in lane order: value lanes (seed, tau, lr) outside, actor lanes inside.

    `slice_of` names the started pack whose checkpoint holds these lanes. `suspect` marks one half of a pack that failed
    again and again: it is not tried twice before it is halved in turn.
    """

    points: tuple[DesignPoint, ...]
    slice_of: str | None = None
    suspect: bool = False

    @cached_property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(point.run_id for point in self.points)

    @cached_property
    def pack_id(self) -> str:
        """Hash of the ordered members: a results file named by it is named by its content."""
        return hashlib.sha256("/".join(("pack", *self.run_ids)).encode()).hexdigest()[:ID_LENGTH]

    @property
    def attempts_allowed(self) -> int:
        """How often it may fail before it is halved or given up: twice, for luck, unless its like has failed before."""
        return 1 if self.suspect else 2

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({point.seed for point in self.points}))

    @cached_property
    def value_lanes(self) -> int:
        return len({value_lane(point) for point in self.points})

    @cached_property
    def cost(self) -> float:
        """Floating-point operations of its whole training, the least that its mathematics needs."""
        # Here: with it come all environments and NumPy, for which only plans should wait.
        from recipe_sweep.trainers.cost import step_flops

        return self.points[0].steps * step_flops(self.points)

    @property
    def cost_alone(self) -> float:
        """The same when each of its runs is trained by itself."""
        from recipe_sweep.trainers.cost import alone_flops

        return self.points[0].steps * alone_flops(self.points)

    @cached_property
    def memory(self) -> Memory:
        """Bytes that training it takes at its largest."""
        from recipe_sweep.trainers.cost import pack_memory

        return pack_memory(self.points)


def value_lane_key(point: DesignPoint) -> tuple[float, ...]:
    """Seed, tau and lr: runs that share them, and everything that their pack shares, share a critic where learners allow it."""
    return (point.seed, -1.0 if point.tau is None else point.tau, point.lr)


def value_lane(point: DesignPoint) -> Hashable:
    """What tells the value lanes of one pack apart; where the critic follows the actor, every run has its own."""
    return point.run_id if point.value_learning.follows_actor else value_lane_key(point)
