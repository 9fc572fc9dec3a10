"""What the agents of skirmish see, which actions are legal, and the state that no agent sees.

An agent observes 13 numbers of each other unit, allies before enemies, and 10 numbers of itself at the end:

| of another unit          | numbers | of itself                | numbers |
|--------------------------|---------|--------------------------|---------|
| health, as a share       | 1       | health, as a share       | 1       |
| vector to it / own sight | 2       | place / size of the map  | 2       |
| direction of its move    | 2       | cooldown, as a share     | 1       |
| its attack / (A - 1)     | 1       | type, one-hot            | 6       |
| cooldown, as a share     | 1       |                          |         |
| type, one-hot            | 6       |                          |         |

The numbers of a unit are zeros if it is dead, out of sight, or the agent is dead. The state has the ten numbers of every unit.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.skirmish_units import (
    DIRECTIONS_X,
    DIRECTIONS_Y,
    FIRST_ATTACK,
    MAP_SIZE,
    OTHER_UNIT,
    STOP,
    TYPE_NAMES,
    Array,
)
from recipe_sweep.trainers.environments.skirmish_world import Units, length

_ONE_HOT = np.eye(len(TYPE_NAMES))
_SHOWN_X, _SHOWN_Y = np.append(DIRECTIONS_X, 0.0), np.append(DIRECTIONS_Y, 0.0)


class Gaps(NamedTuple):
    """Vectors from each unit to each other unit, (E, U, U), and their lengths."""

    x: Array
    y: Array
    distance: Array
    both_alive: NDArray[np.bool_]

    @classmethod
    def between(cls, units: Units) -> Gaps:
        """Measure the gaps."""
        x = units.x[:, None, :] - units.x[:, :, None]
        y = units.y[:, None, :] - units.y[:, :, None]
        alive = units.alive
        return cls(x, y, length(x, y), alive[:, :, None] & alive[:, None, :])

    def visible(self, units: Units) -> NDArray[np.bool_]:
        """Tell whether the first unit sees the second (E, U, U)."""
        return self.both_alive & (self.distance < units.traits.sight[:, :, None])

    def in_range(self, units: Units) -> NDArray[np.bool_]:
        """Tell whether the first unit can reach the second with an attack (E, U, U)."""
        return self.both_alive & (self.distance < units.traits.attack_range[:, :, None])


def legal_actions(units: Units, gaps: Gaps) -> NDArray[np.uint8]:
    """Mark the legal actions of the allies (E, N, A): the dead may only stop, attacks need a living enemy in range."""
    side = units.x.shape[1] // 2
    legal = np.empty((len(units.x), side, FIRST_ATTACK + side), np.uint8)
    legal[..., :STOP] = units.alive[:, :side, None]
    legal[..., STOP] = 1
    legal[..., FIRST_ATTACK:] = gaps.in_range(units)[:, :side, side:]
    return legal


def state(units: Units) -> Array:
    """Compute the states (E, 10 U): the numbers of every unit, allies before enemies."""
    return _own(units).reshape(len(units.x), -1)


def observe(units: Units, gaps: Gaps, actions: NDArray[np.intp]) -> Array:
    """Compute the allies' observations (E, N, O). `actions` (E, U) are the last ones of all units; at the start, stop."""
    lanes, count = units.x.shape
    side = count // 2
    own = _own(units)
    agent, other = _others(count)
    blocks = np.empty((lanes, side, count - 1, OTHER_UNIT))
    moves = np.minimum(actions, STOP)
    attacks = np.where(actions >= FIRST_ATTACK, actions, 0) / (FIRST_ATTACK + side - 1)
    blocks[..., 0] = own[:, other, 0]
    blocks[..., 1] = gaps.x[:, agent, other] / units.traits.sight[:, :side, None]
    blocks[..., 2] = gaps.y[:, agent, other] / units.traits.sight[:, :side, None]
    blocks[..., 3:6] = np.stack((_SHOWN_X[moves], _SHOWN_Y[moves], attacks), axis=2)[:, other]
    blocks[..., 6:] = own[:, other, 3:]
    blocks *= gaps.visible(units)[:, agent, other, None]
    return np.concatenate((blocks.reshape(lanes, side, -1), own[:, :side]), axis=2)


def _own(units: Units) -> Array:
    """Compute the ten numbers of every unit (E, U, 10)."""
    numbers = np.empty((*units.x.shape, 4 + len(TYPE_NAMES)))
    numbers[..., 0] = units.health / units.traits.health
    numbers[..., 1] = units.x / MAP_SIZE
    numbers[..., 2] = units.y / MAP_SIZE
    numbers[..., 3] = np.clip(units.cooldown / units.traits.cooldown, 0.0, 1.0)
    numbers[..., 4:] = _ONE_HOT[units.types]
    numbers *= units.alive[..., None]
    return numbers


@cache
def _others(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the index of each ally (N, 1), and of the other units in their order (N, U - 1)."""
    side = count // 2
    others = [[unit for unit in range(count) if unit != agent] for agent in range(side)]
    return np.arange(side)[:, None], np.array(others)
