"""Draws skirmish: both sides with their health, whom each unit attacks next, and the dead where they fell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.vocabulary import Chance
from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_units import FIRST_ATTACK, MAP_SIZE, TRAITS, TYPE_NAMES, Array, Battle
from recipe_sweep.trainers.play.base import Film
from recipe_sweep.trainers.play.canvas import FAINT, HEAD, INK, PALE, PAPER, TEAM, WIDTH, Canvas, Place, headed
from recipe_sweep.trainers.play.episode import Episode

_FOOT = 40
"""Height of the lines below the map."""
_SMALLEST_SIDE, _ROOM = 16.0, 1.5
"""Least side of the shown part of the map, and room around the units. Both are in units of the map."""
_LETTERS = "mMszgh"
"""Letter of each type."""
_LARGER = 1.3
"""Units are drawn larger than they are, so that a letter has room."""
_HEALTHY, _DEAD = TEAM[2], "#bdbdbd"


class Moment(NamedTuple):
    """One battle after some steps: arrays (U,)."""

    x: Array
    y: Array
    health: Array
    """share"""
    attacked: NDArray[np.intp]
    """unit that each unit attacks in the next step; -1 for nobody, and for an attack that is not possible"""


class Fight(NamedTuple):
    """An episode, played again."""

    types: NDArray[np.intp]
    """(U,)"""
    moments: list[Moment]
    """(T + 1): before every step, and at the end"""


class _View(NamedTuple):
    """The part of the map that is shown: its western and its southern end, and pixels per unit."""

    west: float
    south: float
    scale: float

    @classmethod
    def of(cls, moments: Sequence[Moment]) -> _View:
        """Choose a square that has all units of the episode."""
        x, y = (np.array([getattr(moment, axis) for moment in moments]) for axis in ("x", "y"))
        side = max(_SMALLEST_SIDE, float(np.ptp(x)) + 2 * _ROOM, float(np.ptp(y)) + 2 * _ROOM)
        return cls(float(x.min() + x.max() - side) / 2, float(y.min() + y.max() - side) / 2, WIDTH / side)

    def place(self, x: float, y: float) -> Place:
        """Find the pixel of a place; north is up."""
        return (x - self.west) * self.scale, HEAD + WIDTH - (y - self.south) * self.scale


@dataclass(frozen=True)
class SkirmishDrawing:
    """Plays the agents' actions again from the same start, because no agent sees the whole battle."""

    battle: Battle
    chance: Chance = Chance.FULL
    per_second: int = 4

    def film(self, episode: Episode, steps: Sequence[int]) -> Film:
        """See Drawing."""
        types, moments = self.again(episode)
        view = _View.of(moments)
        pictures = []
        for step in steps:
            canvas = headed(episode, step, WIDTH + _FOOT)
            _walls(canvas, view)
            _attacks(canvas, view, moments[step])
            _units(canvas, view, moments[step], types)
            _foot(canvas, moments[step], types)
            pictures.append(canvas.image())
        return Film(pictures, "recipe-sweep")

    def again(self, episode: Episode) -> Fight:
        """Play the episode's actions again from its start."""
        environment = Skirmish(self.battle, 1, self.chance)
        environment.reset([episode.start()])
        moments = []
        for actions in episode.actions:
            units = environment.units
            before = units.x.copy(), units.y.copy(), units.health.copy()
            environment.step(actions[None])
            moments.append(_moment(*before, environment))
        units = environment.units
        moments.append(_moment(units.x, units.y, units.health, environment)._replace(attacked=np.full(len(units.x[0]), -1)))
        return Fight(units.types[0], moments)


def _moment(x: Array, y: Array, health: Array, environment: Skirmish) -> Moment:
    traits, actions = environment.units.traits, environment.actions[0]
    count = len(actions)
    other = np.where(np.arange(count) < count // 2, count // 2, 0)
    target = np.where(actions >= FIRST_ATTACK, actions - FIRST_ATTACK + other, np.arange(count))
    gap_x, gap_y, alive = x[0, target] - x[0], y[0, target] - y[0], health[0] > 0.0
    reached = np.sqrt(gap_x * gap_x + gap_y * gap_y) < traits.attack_range[0]
    attacks = (actions >= FIRST_ATTACK) & alive & alive[target] & reached
    return Moment(x[0].copy(), y[0].copy(), health[0] / traits.health[0], np.where(attacks, target, -1))


def _walls(canvas: Canvas, view: _View) -> None:
    """Draw the walls, and a line every 4 units of the map, as far as they are in the view."""
    side = WIDTH / view.scale
    for line in np.arange(0.0, MAP_SIZE + 1.0, 4.0).tolist():
        colour, width = (FAINT, 3.0) if line in (0.0, MAP_SIZE) else (PALE, 1.0)
        if view.west <= line <= view.west + side:
            canvas.line([view.place(line, view.south), view.place(line, view.south + side)], colour, width)
        if view.south <= line <= view.south + side:
            canvas.line([view.place(view.west, line), view.place(view.west + side, line)], colour, width)


def _attacks(canvas: Canvas, view: _View, moment: Moment) -> None:
    """Draw a line from each unit to the one that it attacks."""
    for unit, attacked in enumerate(moment.attacked.tolist()):
        if attacked >= 0:
            begin, end = (view.place(moment.x[one], moment.y[one]) for one in (unit, attacked))
            # Two units that attack each other have lines side by side.
            aside = 1.5 if unit < len(moment.x) // 2 else -1.5
            line = [(x, y + aside) for x, y in (begin, end)]
            canvas.line(line, _colour(unit, len(moment.x)), 1.5)


def _units(canvas: Canvas, view: _View, moment: Moment, types: NDArray[np.intp]) -> None:
    """Draw the dead below the living."""
    for unit in np.argsort(moment.health > 0.0, kind="stable").tolist():
        x, y = view.place(moment.x[unit], moment.y[unit])
        radius = TRAITS.radius[types[unit]] * view.scale * _LARGER
        letter, size = _LETTERS[types[unit]], 1.5 * radius
        if moment.health[unit] <= 0.0:
            canvas.disc((x, y), 0.8 * radius, _DEAD)
            canvas.text((x, y), letter, 0.8 * size, PAPER)
            continue
        canvas.disc((x, y), radius, _colour(unit, len(types)), PAPER)
        canvas.text((x, y), letter, size, PAPER)
        top, left, width = y - radius - 6.0, x - radius, 2.0 * radius
        canvas.box((left, top), (left + width, top + 3.0), PALE, FAINT, 0.5)
        canvas.box((left, top), (left + width * moment.health[unit], top + 3.0), _HEALTHY)


def _foot(canvas: Canvas, moment: Moment, types: NDArray[np.intp]) -> None:
    """Say how many units live, and what the letters mean."""
    side = len(types) // 2
    allies, enemies = (int((half > 0.0).sum()) for half in (moment.health[:side], moment.health[side:]))
    top = HEAD + WIDTH
    canvas.box((0, top), (WIDTH, top + _FOOT), PAPER)
    for x, unit, text in ((18.0, 0, f"allies: {allies} of {side}"), (130.0, side, f"enemies: {enemies} of {side}")):
        canvas.disc((x, top + 12.0), 5.0, _colour(unit, len(types)))
        canvas.text((x + 10.0, top + 12.0), text, 11.0, INK, anchor="lm")
    present = ", ".join(f"{_LETTERS[one]} {TYPE_NAMES[one]}" for one in sorted(set(types.tolist())))
    canvas.text((13.0, top + 29.0), present, 10.0, FAINT, anchor="lm")


def _colour(unit: int, count: int) -> str:
    return TEAM[0] if unit < count // 2 else TEAM[1]
