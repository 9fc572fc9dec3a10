"""Unit types, maps and actions of skirmish, the battle of this project. Lengths are in units of the map, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.task import TaskSpec

Array = NDArray[np.float64]

MAP_SIZE = 32.0
"""Width and height of the map. A unit that touches its wall dies."""
WORLD_STEP = 1.0 / 16.0
"""Duration of a world step."""
WORLD_STEPS = 8
"""World steps of one step of the environment. An action lasts all of them."""
HORIZON = 101
"""Most steps of an episode."""

NORTH, EAST, SOUTH, WEST, STOP = range(5)
FIRST_ATTACK = 5
"""Action that attacks the first unit of the other side. The next action attacks the next unit."""
DIRECTIONS_X = np.array([0.0, 1.0, 0.0, -1.0])
DIRECTIONS_Y = np.array([1.0, 0.0, -1.0, 0.0])

TYPE_NAMES = ("marine", "marauder", "stalker", "zealot", "zergling", "hydralisk")
MARINE, MARAUDER, STALKER, ZEALOT, ZERGLING, HYDRALISK = range(6)


class Traits(NamedTuple):
    """Constants of units, of one shape: by type (6,), or of the units in battles (E, U)."""

    speed: Array
    damage: Array
    attack_range: Array
    """distance under which it can attack"""
    sight: Array
    """distance under which it sees"""
    radius: Array
    health: Array
    """health at the start"""
    cooldown: Array
    """time between two attacks, without the drawn deviation"""

    def of(self, types: NDArray[np.intp]) -> Traits:
        """Look up the constants of units by their types."""
        return Traits(*(values[types] for values in self))


TRAITS = Traits(
    speed=np.array([3.15, 2.25, 4.13, 3.15, 4.13, 3.15]),
    damage=np.array([9.0, 10.0, 13.0, 8.0, 5.0, 12.0]),
    attack_range=np.array([5.0, 6.0, 6.0, 2.0, 2.0, 5.0]),
    sight=np.array([9.0, 10.0, 10.0, 9.0, 8.0, 9.0]),
    radius=np.array([0.375, 0.5625, 0.625, 0.5, 0.375, 0.625]),
    health=np.array([45.0, 125.0, 160.0, 150.0, 35.0, 80.0]),
    cooldown=np.array([0.61, 1.07, 1.87, 0.86, 0.5, 0.59]),
)
"""Constants by type."""

OTHER_UNIT = 7 + len(TYPE_NAMES)
"""Numbers that a unit observes of each other unit."""
OWN_UNIT = 4 + len(TYPE_NAMES)
"""Numbers that a unit observes of itself, and numbers of each unit in the state."""


@dataclass(frozen=True)
class Battle:
    """A map. Both sides have the same types of units."""

    task: str
    side: int
    """Units of each side."""
    types: tuple[int, ...] | None
    """Types of a side's units; None if every episode draws types and places."""

    @property
    def units(self) -> int:
        """Units of both sides."""
        return 2 * self.side

    @property
    def spec(self) -> TaskSpec:
        """Shapes of the task. The agents are the allies."""
        return TaskSpec(
            self.task,
            n_agents=self.side,
            obs_dim=OTHER_UNIT * (self.units - 1) + OWN_UNIT,
            action_dim=FIRST_ATTACK + self.side,
            state_dim=OWN_UNIT * self.units,
            horizon=HORIZON,
            discrete=True,
            action_low=0.0,
            action_high=1.0,
            masked=True,
        )


BATTLES = {
    battle.task: battle
    for battle in (
        Battle("skirmish_3m", 3, (MARINE,) * 3),
        Battle("skirmish_2s3z", 5, (STALKER, STALKER, ZEALOT, ZEALOT, ZEALOT)),
        Battle("skirmish_5v5", 5, None),
    )
}
"""Maps by task."""
