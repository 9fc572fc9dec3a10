"""Scripted allies for skirmish: this project's own data.

All read only what an agent sees, and remember one place: their start, mirrored at the middle of the map. They walk there while
they see nobody. So they can be imitated. Qualities differ in skill. A policy that takes its most likely action would remove
noise, but keeps a wrong threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.stored.collect_masked import MaskedAct, MaskedBehaviour
from recipe_sweep.trainers.environments.skirmish_controller import (
    NOBODY,
    Flags,
    Indices,
    Seen,
    Way,
    attack_or_walk,
    last_or_nearest,
    least_in_range,
    one_of,
    step_towards,
)
from recipe_sweep.trainers.environments.skirmish_units import (
    BATTLES,
    FIRST_ATTACK,
    HORIZON,
    MAP_SIZE,
    OTHER_UNIT,
    OWN_UNIT,
    STOP,
    TRAITS,
    Array,
    Battle,
    Traits,
)
from recipe_sweep.trainers.environments.sums import ordered_sum
from recipe_sweep.trainers.task import FloatArray

ALARM = 1.5
"""An enemy threatens a unit if its distance is less than the unit's own range and this."""
NEVER, ALWAYS = 0.0, 2.0
"""Thresholds of health at which a unit retreats never, and always."""


@dataclass(frozen=True)
class Skill:
    """How an ally fights. It attacks, and walks to an enemy if none is in range."""

    weakest: bool = True
    """Whether it attacks the weakest enemy in range. If not, it attacks the one it attacked last, or else the nearest."""
    retreats_below: float = NEVER
    """Share of health below which it steps away from enemies while its weapon reloads and another ally is in sight."""
    noise: float = 0.0
    """Chance of a random legal action, in every step and for every unit alone."""


@dataclass(frozen=True)
class Fighters:
    """Allies whose skill is drawn for every episode, each of `skills` with the same chance."""

    battle: Battle
    skills: tuple[Skill, ...]

    def begin(self, generators: Sequence[np.random.Generator]) -> MaskedAct:
        """Start one episode per generator."""
        shape = (HORIZON, 3, self.battle.side)
        skill = np.array([generator.integers(len(self.skills)) for generator in generators])
        draws = np.stack([generator.random(shape, dtype=np.float32) for generator in generators])
        return _Fight(self.skills, skill, draws)


class _Fight:
    """Allies in the middle of E episodes."""

    def __init__(self, skills: Sequence[Skill], skill: Indices, draws: NDArray[np.float32]) -> None:
        self._draws = draws
        self._weakest = np.array([one.weakest for one in skills])[skill, None]
        self._retreats_below = np.array([one.retreats_below for one in skills])[skill, None]
        self._noise = np.array([one.noise for one in skills])[skill, None]

    def __call__(self, time: int, observations: FloatArray, legals: NDArray[np.uint8]) -> Indices:
        """Choose actions (E, N)."""
        choice, luck, other = self._draws[:, time].astype(np.float64).transpose(1, 0, 2)
        seen = Sight.of(observations, legals)
        if time == 0:
            self._goal_x, self._goal_y = MAP_SIZE - seen.x, MAP_SIZE - seen.y
            self._last = np.full(seen.x.shape, NOBODY)
        nearest = last_or_nearest(seen.enemies, self._last)
        target = np.where(self._weakest, least_in_range(seen.enemies, seen.enemy_health), nearest)
        way = Way(self._goal_x - seen.x, self._goal_y - seen.y, choice)
        actions = attack_or_walk(seen.enemies, target, way)
        actions = np.where(self._retreats(seen), _away(seen), actions)
        actions = np.where(luck < self._noise, one_of(legals == 1, other), actions)
        actions = np.where(legals[..., 0] == 1, actions, STOP)  # the dead
        self._last = np.where(actions >= FIRST_ATTACK, actions - FIRST_ATTACK, self._last)
        return actions

    def _retreats(self, seen: Sight) -> Flags:
        weak = seen.health < self._retreats_below
        return weak & (seen.cooldown > 0.0) & seen.threats.any(axis=2) & seen.has_ally


class Sight(NamedTuple):
    """What allies see, read from their observations: arrays (E, N), of the enemies (E, N, M)."""

    health: Array
    x: Array
    y: Array
    cooldown: Array
    has_ally: Flags
    """whether another ally is in sight"""
    enemies: Seen
    enemy_health: Array
    threats: Flags
    """which enemies threaten it"""

    @classmethod
    def of(cls, observations: FloatArray, legals: NDArray[np.uint8]) -> Sight:
        """Read observations (E, N, O) and legal actions (E, N, A)."""
        lanes, side = observations.shape[:2]
        numbers: Array = observations.astype(np.float64)
        own = numbers[..., -OWN_UNIT:]
        others = numbers[..., :-OWN_UNIT].reshape(lanes, side, -1, OTHER_UNIT)
        allies, enemies = others[:, :, : side - 1], others[:, :, side - 1 :]
        traits: Traits = TRAITS.of(own[..., 4:].argmax(axis=2))
        x, y = enemies[..., 1] * traits.sight[..., None], enemies[..., 2] * traits.sight[..., None]
        visible = enemies[..., 0] > 0.0
        has_ally: Flags = np.any(allies[..., 0] > 0.0, axis=2)
        return cls(
            health=own[..., 0],
            x=own[..., 1] * MAP_SIZE,
            y=own[..., 2] * MAP_SIZE,
            cooldown=own[..., 3],
            has_ally=has_ally,
            enemies=Seen(x, y, visible, legals[..., FIRST_ATTACK:] == 1),
            enemy_health=enemies[..., 0],
            threats=visible & (np.sqrt(x * x + y * y) < traits.attack_range[..., None] + ALARM),
        )


def _away(seen: Sight) -> Indices:
    """Choose the move that leads most away from all threats together."""
    x, y = (ordered_sum(gaps * seen.threats).astype(np.float64) for gaps in (seen.enemies.x, seen.enemies.y))
    return step_towards(-x, -y)


_NOISE = 0.05
NEAREST, FOCUS, RANDOM = Skill(weakest=False), Skill(), Skill(noise=1.0)
CAREFUL, TIMID, COWARD = (Skill(retreats_below=below, noise=_NOISE) for below in (0.3, 0.65, ALWAYS))
_SKILLS: dict[str, dict[str, tuple[Skill, ...]]] = {
    "skirmish_3m": {"good": (FOCUS,), "medium": (TIMID,), "poor": (COWARD,)},
    "skirmish_2s3z": {"good": (CAREFUL,), "medium": (TIMID,), "poor": (COWARD,)},
    "skirmish_5v5": {"replay": (RANDOM, COWARD, TIMID, Skill(noise=_NOISE))},
}
BATTLE_BEHAVIOURS: dict[str, dict[str, MaskedBehaviour]] = {
    task: {quality: Fighters(BATTLES[task], skills) for quality, skills in qualities.items()}
    for task, qualities in _SKILLS.items()
}
"""Behaviours by task and quality. A change here needs a new version of the home-made data, in search_spaces/tasks.py."""
