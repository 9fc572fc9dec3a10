"""A pack: the runs that one process trains together.

`pack_file.py` has its file. `sweep/planning/packing.py` puts runs into packs.
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
    """Runs that one process trains together, in lane order: value lanes (seed, tau, lr) outside, actor lanes inside.

    `slice_of` names the started pack whose checkpoint holds these lanes. `suspect` marks one half of a pack that failed
    repeatedly. It is not tried twice before it is halved itself.
    """

    points: tuple[DesignPoint, ...]
    slice_of: str | None = None
    suspect: bool = False

    @cached_property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(point.run_id for point in self.points)

    @cached_property
    def pack_id(self) -> str:
        """Hash of the ordered members. So a results file with this name is named by its content."""
        return hashlib.sha256("/".join(("pack", *self.run_ids)).encode()).hexdigest()[:ID_LENGTH]

    @property
    def attempts_allowed(self) -> int:
        """How often it may fail before it is halved or given up: 2, or 1 for half of a pack that failed."""
        return 1 if self.suspect else 2

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({point.seed for point in self.points}))

    @cached_property
    def value_lanes(self) -> int:
        return len({value_lane(point) for point in self.points})

    @cached_property
    def cost(self) -> float:
        """Floating-point operations of its whole training. This is the least that its mathematics needs."""
        # Imported here, because it loads all environments and NumPy. Only plans should wait for that.
        from recipe_sweep.trainers.cost import step_flops

        return self.points[0].steps * step_flops(self.points)

    @property
    def cost_alone(self) -> float:
        """Floating-point operations if each of its runs is trained by itself."""
        from recipe_sweep.trainers.cost import alone_flops

        return self.points[0].steps * alone_flops(self.points)

    @cached_property
    def memory(self) -> Memory:
        """Bytes that its training needs at its largest."""
        from recipe_sweep.trainers.cost import pack_memory

        return pack_memory(self.points)


def value_lane_key(point: DesignPoint) -> tuple[float, ...]:
    """Return seed, tau, regularisation and lr.

    Runs of a pack that agree in them share a critic, if their learner allows it.
    """
    own = (-1.0 if value is None else value for value in (point.tau, point.regularisation))
    return (point.seed, *own, point.lr)


def value_lane(point: DesignPoint) -> Hashable:
    """Return what distinguishes the value lanes of one pack.

    Where the critic follows the actor, every run has its own value lane.
    """
    return point.run_id if point.critic_follows_actor else value_lane_key(point)
