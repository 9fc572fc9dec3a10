"""How scripted units of skirmish decide. The enemies decide so, and the scripted allies that make data.

Every function takes K units of E battles. Each unit sees some of the M units of the other side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.skirmish_units import DIRECTIONS_X, DIRECTIONS_Y, FIRST_ATTACK, Array

NOBODY = -1
"""Target of a unit that has none."""

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


class Seen(NamedTuple):
    """What each unit sees of the other side: arrays (E, K, M)."""

    x: Array
    """vectors to the units, in units of the map"""
    y: Array
    visible: Flags
    in_range: Flags


class Way(NamedTuple):
    """Where a unit goes if it can attack nobody: arrays (E, K)."""

    goal_x: Array
    """vector to its goal, if it sees nobody"""
    goal_y: Array
    choice: Array
    """number in [0, 1) that chooses among the visible units"""


def last_or_nearest(seen: Seen, last: Indices) -> Indices:
    """Choose whom to attack (E, K): the unit attacked last if it is in range, else the nearest in range, else nobody."""
    again = (last != NOBODY) & np.take_along_axis(seen.in_range, np.maximum(last, 0)[..., None], axis=2)[..., 0]
    nearest = least_in_range(seen, seen.x * seen.x + seen.y * seen.y)
    return np.where(again, last, nearest)


def least_in_range(seen: Seen, values: Array) -> Indices:
    """Choose the unit in range with the least value (E, K), of equals the first. NOBODY if no unit is in range."""
    least = np.where(seen.in_range, values, np.inf).argmin(axis=2)
    return np.where(seen.in_range.any(axis=2), least, NOBODY)


def attack_or_walk(seen: Seen, target: Indices, way: Way) -> Indices:
    """Turn targets (E, K) into actions: attack the target; without one, walk to a visible unit, or else to the goal."""
    sees = seen.visible.any(axis=2)
    chosen = one_of(seen.visible, way.choice)[..., None]
    x = np.where(sees, np.take_along_axis(seen.x, chosen, axis=2)[..., 0], way.goal_x)
    y = np.where(sees, np.take_along_axis(seen.y, chosen, axis=2)[..., 0], way.goal_y)
    return np.where(target != NOBODY, FIRST_ATTACK + target, step_towards(x, y))


def step_towards(x: Array, y: Array) -> Indices:
    """Choose the move that leads most along vectors (E, K); of equals the first."""
    along = x[..., None] * DIRECTIONS_X + y[..., None] * DIRECTIONS_Y
    move: Indices = along.argmax(axis=-1)
    return move


def one_of(flags: Flags, number: Array) -> Indices:
    """Choose one of the flags (E, K, M) that are set, by a number (E, K) in [0, 1). Return its index, 0 if none is set."""
    rank = np.floor(number * flags.sum(axis=2))
    chosen: Indices = (flags & (np.cumsum(flags, axis=2) > rank[..., None])).argmax(axis=2)
    return chosen
