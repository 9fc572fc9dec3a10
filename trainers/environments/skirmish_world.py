"""World step of skirmish: all units attack, move, touch walls and push each other, at once.

Arrays hold E battles with U units each, allies before enemies. What concerns few units or pairs is computed for these alone.
Sums have a fixed order, so that a battle is bitwise the same beside any other battles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.skirmish_units import (
    DIRECTIONS_X,
    DIRECTIONS_Y,
    FIRST_ATTACK,
    MAP_SIZE,
    STOP,
    TRAITS,
    WORLD_STEP,
    Array,
    Traits,
)

_NEVER_ZERO = 1e-6  # added to distances, so that units at one place are not pushed by infinite numbers


@dataclass
class Units:
    """All units (E, U). A unit is alive while it has health."""

    types: NDArray[np.intp]
    x: Array
    y: Array
    health: Array
    cooldown: Array
    """seconds until it can attack again; 0 or less if it can"""
    traits: Traits
    touching: Array
    """(E, U, U): square of the distance under which two units touch; 0 for a unit and itself"""

    @classmethod
    def placed(cls, types: NDArray[np.intp], x: Array, y: Array) -> Units:
        """Make units with full health that can attack at once."""
        traits = TRAITS.of(types)
        reach = traits.radius[:, :, None] + traits.radius[:, None, :]
        reach *= ~np.eye(types.shape[1], dtype=np.bool_)
        return cls(types, x.copy(), y.copy(), traits.health.copy(), np.zeros_like(x), traits, reach * reach)

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Whether each unit is alive."""
        return self.health > 0.0


class Orders(NamedTuple):
    """What every unit (E, U) does in each world step of one environment step."""

    attacks: NDArray[np.bool_]
    target: NDArray[np.intp]
    """unit that it attacks, counted over all units of all battles (E * U); itself if it attacks none"""
    move_x: Array
    """direction times the distance of one world step"""
    move_y: Array


def orders_of(units: Units, actions: NDArray[np.intp]) -> Orders:
    """Translate actions (E, U) into orders. A side's attacks count the units of the other side from its first."""
    lanes, count = actions.shape
    side = count // 2
    attacks = actions >= FIRST_ATTACK
    others = np.where(np.arange(count) < side, side, 0)
    target = np.where(attacks, actions - FIRST_ATTACK + others, np.arange(count))
    moves = np.minimum(actions, STOP)
    reach = units.traits.speed * WORLD_STEP
    return Orders(attacks, target + count * np.arange(lanes)[:, None], _STEPS_X[moves] * reach, _STEPS_Y[moves] * reach)


_STEPS_X, _STEPS_Y = np.append(DIRECTIONS_X, 0.0), np.append(DIRECTIONS_Y, 0.0)
"""Direction of actions 0 to 4."""


def world_step(units: Units, orders: Orders, deviation: Array) -> None:
    """Advance all battles by one world step. A unit that attacks gets its type's cooldown plus its deviation (E, U).

    Attacks and moves follow from the state before the step. Two units may kill each other.
    """
    alive = units.alive
    harm = _attack(units, orders, deviation, alive)
    units.x += orders.move_x * alive
    units.y += orders.move_y * alive
    np.clip(units.x, 0.0, MAP_SIZE, out=units.x)
    np.clip(units.y, 0.0, MAP_SIZE, out=units.y)
    if harm is not None:
        np.maximum(units.health - harm, 0.0, out=units.health)
    units.health[_at_wall(units)] = 0.0
    push_apart(units)


def _attack(units: Units, orders: Orders, deviation: Array, alive: NDArray[np.bool_]) -> Array | None:
    """Make every attack that is possible. Return the damage to each unit (E, U), or None if nobody attacks."""
    ready = np.flatnonzero(orders.attacks & alive & (units.cooldown <= 0.0))
    units.cooldown -= WORLD_STEP
    if not len(ready):
        return None
    victims = orders.target.ravel()[ready]
    x, y = units.x.ravel(), units.y.ravel()
    distance = length(x[victims] - x[ready], y[victims] - y[ready])
    hits = alive.ravel()[victims] & (distance < units.traits.attack_range.ravel()[ready])
    shooters, victims = ready[hits], victims[hits]
    units.cooldown.ravel()[shooters] = units.traits.cooldown.ravel()[shooters] + deviation.ravel()[shooters]
    damage = units.traits.damage.ravel()[shooters]
    harm: Array = np.bincount(victims, damage, minlength=x.size).reshape(units.x.shape).astype(np.float64)
    return harm


def _at_wall(units: Units) -> NDArray[np.bool_]:
    return (units.x <= 0.0) | (units.x >= MAP_SIZE) | (units.y <= 0.0) | (units.y >= MAP_SIZE)


def push_apart(units: Units) -> None:
    """Move living units that overlap away from each other, each by half of the overlap."""
    gap_x = units.x[:, :, None] - units.x[:, None, :]
    gap_y = units.y[:, :, None] - units.y[:, None, :]
    square = gap_x * gap_x
    square += gap_y * gap_y
    near = np.flatnonzero(square < units.touching)
    if not len(near):
        return
    count = units.x.shape[1]
    first = near // count
    second = first // count * count + near % count
    alive = units.alive.ravel()
    both = alive[first] & alive[second]
    near, first, second = near[both], first[both], second[both]
    radius = units.traits.radius.ravel()
    distance = np.sqrt(square.ravel()[near]) + _NEVER_ZERO
    overlap = np.maximum((radius[first] + radius[second]) / distance - 1.0, 0.0) * 0.5
    for places, gaps in ((units.x, gap_x), (units.y, gap_y)):
        # bincount adds in the order of the pairs, which is that of the second unit
        places += np.bincount(first, gaps.ravel()[near] * overlap, minlength=places.size).reshape(places.shape)


def length(x: Array, y: Array) -> Array:
    """Compute the length of vectors."""
    return np.sqrt(x * x + y * y)
