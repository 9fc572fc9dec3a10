"""Everything of a skirmish's episode that chance decides. It is drawn when the episode starts, from the episode's generator.

So a battle never depends on the battles beside it, nor on what its units do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.vocabulary import Chance
from recipe_sweep.trainers.environments.skirmish_units import (
    HORIZON,
    MAP_SIZE,
    TYPE_NAMES,
    WORLD_STEP,
    WORLD_STEPS,
    Array,
    Battle,
)

Floats32 = NDArray[np.float32]

_HALF, _QUARTER = MAP_SIZE / 2, MAP_SIZE / 4
_SPREAD = 2.0
"""Distance, in x and in y, that a unit may start from the place of its group."""
_MARGIN = 1.0
"""Least distance from the wall at which a drawn place may be, because units at the wall die."""
_CORNERS = np.array([[0.0, 0.0], [0.0, MAP_SIZE], [MAP_SIZE, 0.0], [MAP_SIZE, MAP_SIZE]])


class Plan(NamedTuple):
    """Draws of one episode, or of E episodes with a first axis E. U units, M enemies."""

    types: NDArray[np.intp]
    """(U,)"""
    places: Array
    """(U, 2): places before units that overlap are pushed apart"""
    deviations: Floats32
    """(steps, world steps, U): what an attack adds to the cooldown, in seconds"""
    choices: Floats32
    """(steps, M) in [0, 1): which of the visible allies an enemy walks to"""


def draw_plan(battle: Battle, chance: Chance, generator: np.random.Generator) -> Plan:
    """Draw an episode. Under fixed chance only the enemies' choices are drawn."""
    types, places = _START[chance](battle, generator)
    shape = (HORIZON, WORLD_STEPS, battle.units)
    deviations = _DEVIATIONS[chance](shape, generator)
    choices = generator.random((HORIZON, battle.side), dtype=np.float32)
    return Plan(types, places, deviations, choices)


def stacked(plans: Sequence[Plan]) -> Plan:
    """Stack the plans of E episodes."""
    return Plan(*(np.stack(values) for values in zip(*plans, strict=True)))


def _drawn_start(battle: Battle, generator: np.random.Generator) -> tuple[NDArray[np.intp], Array]:
    if battle.types is None:
        types = generator.integers(len(TYPE_NAMES), size=battle.side)
        scattered = _reflected if generator.random(dtype=np.float32) < 0.5 else _surrounded
        return np.tile(types, 2), np.clip(scattered(battle.side, generator), _MARGIN, MAP_SIZE - _MARGIN)
    return np.tile(np.array(battle.types), 2), _camps(battle.side) + _noise(battle.units, generator)


def _fixed_start(battle: Battle, generator: np.random.Generator) -> tuple[NDArray[np.intp], Array]:
    """Place each side in a column, at equal distances from north to south. Maps of drawn types have the first types."""
    types = np.array(range(battle.side) if battle.types is None else battle.types)
    places = _camps(battle.side)
    strip = 2 * _SPREAD / battle.side
    places[:, 1] += np.tile(_SPREAD - strip * (np.arange(battle.side) + 0.5), 2)
    return np.tile(types, 2), places


def _drawn_deviations(shape: tuple[int, ...], generator: np.random.Generator) -> Floats32:
    return ((3.0 * generator.random(shape, dtype=np.float32) - 1.0) * WORLD_STEP).astype(np.float32)


def _mean_deviations(shape: tuple[int, ...], generator: np.random.Generator) -> Floats32:
    return np.full(shape, 0.5 * WORLD_STEP, np.float32)


_START: dict[Chance, Callable[[Battle, np.random.Generator], tuple[NDArray[np.intp], Array]]] = {
    Chance.FULL: _drawn_start,
    Chance.FIXED: _fixed_start,
}
_DEVIATIONS: dict[Chance, Callable[[tuple[int, ...], np.random.Generator], Floats32]] = {
    Chance.FULL: _drawn_deviations,
    Chance.FIXED: _mean_deviations,
}


def _camps(side: int) -> Array:
    """Return the middle of each unit's camp: the allies' is in the west, the enemies' in the east."""
    return np.repeat([[_QUARTER, _HALF], [3 * _QUARTER, _HALF]], side, axis=0)


def _noise(count: int, generator: np.random.Generator) -> Array:
    return _SPREAD * (2.0 * generator.random((count, 2), dtype=np.float32).astype(np.float64) - 1.0)


def _reflected(side: int, generator: np.random.Generator) -> Array:
    """Place allies anywhere in the western half, and each enemy as the mirror image of an ally."""
    allies = generator.random((side, 2), dtype=np.float32) * np.array([_HALF, MAP_SIZE])
    return np.concatenate([allies, np.array([MAP_SIZE, 0.0]) + allies * np.array([-1.0, 1.0])])


def _surrounded(side: int, generator: np.random.Generator) -> Array:
    """Place one side in the middle. The other side is divided among up to four places on the diagonals."""
    allies_inside = generator.random(dtype=np.float32) < 0.5
    groups = int(generator.integers(1, 5))
    away = generator.random((4, 1), dtype=np.float32).astype(np.float64)
    corners = generator.permutation(4)
    camps = (_HALF + away * (_CORNERS - _HALF))[corners[:groups]]
    outside = camps[generator.integers(groups, size=side)]
    inside = np.full((side, 2), _HALF)
    middle = (inside, outside) if allies_inside else (outside, inside)
    return np.concatenate(middle) + _noise(2 * side, generator)
