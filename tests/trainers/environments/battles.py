"""Hand-made battles of skirmish."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_starts import Plan
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, HORIZON, STOP, WORLD_STEPS, Battle
from recipe_sweep.trainers.environments.skirmish_world import Orders, Units, orders_of, world_step

Places = Sequence[tuple[float, float]]


def units_at(places: Places, types: Sequence[int]) -> Units:
    """One battle with units at these places."""
    at = np.array(places, float)[None]
    return Units.placed(np.array(types)[None], at[..., 0], at[..., 1])


def after_world_step(units: Units, actions: Sequence[int], deviation: float = 0.0) -> Units:
    """Advance one battle by one world step."""
    orders: Orders = orders_of(units, np.array(actions)[None])
    world_step(units, orders, np.full(units.x.shape, deviation))
    return units


def skirmish_at(places: Places, task: str = "skirmish_3m", types: Sequence[int] | None = None, copies: int = 1) -> Skirmish:
    """Begin the same battle in every copy, without deviations of cooldowns. Overlapping units are pushed apart."""
    battle: Battle = BATTLES[task]
    kinds = np.tile(np.array(battle.types), 2) if types is None else np.array(types)
    environment = Skirmish(battle, copies)
    environment.begin(
        Plan(
            np.tile(kinds, (copies, 1)),
            np.tile(np.array(places, float), (copies, 1, 1)),
            np.zeros((copies, HORIZON, WORLD_STEPS, battle.units), np.float32),
            np.zeros((copies, HORIZON, battle.side), np.float32),
        )
    )
    return environment


def one_hot(environment: Skirmish, actions: Sequence[int]) -> np.ndarray:
    """The same actions in every copy."""
    return np.tile(np.eye(environment.spec.action_dim)[list(actions)], (environment.copies, 1, 1))


def standing(environment: Skirmish) -> np.ndarray:
    """Let every ally stop."""
    return one_hot(environment, [STOP] * environment.battle.side)
