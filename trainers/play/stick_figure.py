"""Draws a robot as rods, seen from the side, with a floor that shows how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.trainers.environments.mujoco_robots import Array, Robot
from recipe_sweep.trainers.play.canvas import FAINT, HEAD, INK, PALE, TEAM, WIDTH, Canvas, Place, headed
from recipe_sweep.trainers.play.episode import Episode

if TYPE_CHECKING:
    from PIL.Image import Image

_HEIGHT = 260
_SCALE = 110.0
"""Pixels per metre."""
_GROUND = HEAD + _HEIGHT - 46.0
_AWAY = np.array([0.35, 0.25])
"""How far a metre away from the viewer goes to the right and up, in metres."""


def stick_figures(episode: Episode, robot: Robot, positions: Array, steps: Sequence[int]) -> list[Image]:
    """Draw the robot at positions (T + 1, P) after each of `steps`. The camera follows the torso."""
    from recipe_sweep.trainers.environments.mujoco_limbs import limbs

    chosen = limbs(robot, positions[list(steps)])
    pictures = []
    for step, ends, torso in zip(steps, chosen.ends, chosen.torso, strict=True):
        canvas = headed(episode, step, _HEIGHT)
        _floor(canvas, torso)
        # What is farther away is drawn first.
        for part in np.argsort(-ends[:, :, 1].mean(axis=1), kind="stable"):
            _rod(canvas, ends[part], float(chosen.radii[part]), torso, TEAM[0] if part == 0 else TEAM[1])
        pictures.append(canvas.image())
    return pictures


def _rod(canvas: Canvas, ends: Array, radius: float, torso: Array, colour: str) -> None:
    first, second = (_place(end, torso) for end in ends)
    if first == second:
        canvas.disc(first, radius * _SCALE, colour, INK)
        return
    for width, shade in ((2 * radius * _SCALE + 2, "#ffffff"), (2 * radius * _SCALE, colour)):
        canvas.line([first, second], shade, width)


def _floor(canvas: Canvas, torso: Array) -> None:
    canvas.line([(0, _GROUND), (WIDTH, _GROUND)], FAINT, 1.5)
    reach = WIDTH / 2 / _SCALE
    for metre in range(int(np.floor(torso[0] - reach)), int(np.ceil(torso[0] + reach)) + 1):
        x = WIDTH / 2 + (metre - torso[0]) * _SCALE
        canvas.line([(x, _GROUND), (x, _GROUND + 8)], FAINT, 1.5)
        canvas.line([(x, _GROUND + 20), (x + 1, _GROUND + 20)], PALE)
        canvas.text((x, _GROUND + 18), f"{metre} m", 9.0, FAINT)


def _place(point: Array, torso: Array) -> Place:
    across, height = point[0] - torso[0], point[2]
    away = (point[1] - torso[1]) * _AWAY
    return float(WIDTH / 2 + (across + away[0]) * _SCALE), float(_GROUND - (height + away[1]) * _SCALE)
