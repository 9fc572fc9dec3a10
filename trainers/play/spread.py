"""Draws simple_spread: agents, where they were and what they do, and the landmarks that they are to cover."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.spread import CLOSE_ENOUGH, LANDMARK_OFFSETS, LANDMARKS, POSITION, TOUCHING
from recipe_sweep.trainers.play.base import Film
from recipe_sweep.trainers.play.canvas import FAINT, HEAD, INK, PALE, TEAM, WIDTH, Canvas, Place, headed
from recipe_sweep.trainers.play.episode import Episode

_ARROW = 0.25
"""Length of a full action's arrow, in units of the plane."""


class _View(NamedTuple):
    """The square of the plane that is shown: its lowest corner, and pixels per unit."""

    low: NDArray[np.float64]
    scale: float

    @classmethod
    def of(cls, places: NDArray[np.float64]) -> _View:
        """Choose a square that has the start area and all places (*, 2), with room for an agent's radius."""
        room = TOUCHING / 2 + 0.05
        low, high = np.minimum(places.min(axis=0), -1.0) - room, np.maximum(places.max(axis=0), 1.0) + room
        side = float((high - low).max())
        return cls((low + high - side) / 2, WIDTH / side)

    def place(self, point: NDArray[np.float64]) -> Place:
        """Find the pixel of a point (2,); upwards is up."""
        x, y = (point - self.low) * self.scale
        return float(x), float(HEAD + WIDTH - y)


class SpreadDrawing:
    """Draws from the observations alone, which contain all places."""

    per_second = 5

    def film(self, episode: Episode, steps: Sequence[int]) -> Film:
        """See Drawing."""
        agents = episode.observations[..., POSITION].astype(np.float64)
        offsets = episode.observations[0, 0, LANDMARK_OFFSETS].reshape(LANDMARKS, 2)
        landmarks = agents[0, 0] + offsets
        view = _View.of(np.concatenate([agents.reshape(-1, 2), landmarks]))
        pictures = []
        for step in steps:
            canvas = headed(episode, step, WIDTH)
            _ground(canvas, view, landmarks)
            _agents(canvas, view, agents[: step + 1], episode.actions[step] if step < len(episode) else None)
            _crosses(canvas, view, landmarks)
            pictures.append(canvas.image())
        return Film(pictures, "recipe-sweep")


def _ground(canvas: Canvas, view: _View, landmarks: NDArray[np.float64]) -> None:
    canvas.box(view.place(np.array([-1.0, 1.0])), view.place(np.array([1.0, -1.0])), None, PALE, 1.5)
    for place in map(view.place, landmarks):
        canvas.disc(place, CLOSE_ENOUGH * view.scale, "#dddddd")


def _crosses(canvas: Canvas, view: _View, landmarks: NDArray[np.float64]) -> None:
    """Mark the middle of each landmark, also where an agent covers it."""
    for x, y in map(view.place, landmarks):
        for sign in (-1, 1):
            canvas.line([(x - 4, y - 4 * sign), (x + 4, y + 4 * sign)], INK, 1.5)


def _agents(canvas: Canvas, view: _View, path: NDArray[np.float64], actions: NDArray[np.floating] | None) -> None:
    """Draw the path so far (t + 1, N, 2), and the action that each agent takes next as an arrow."""
    now = path[-1]
    radius = TOUCHING / 2 * view.scale
    for agent in range(len(now)):
        if len(path) > 1:
            canvas.line([view.place(point) for point in path[:, agent]], TEAM[agent], 1.5)
    for agent, centre in enumerate(now):
        gaps = np.linalg.norm(np.delete(now, agent, axis=0) - centre, axis=1)
        place = view.place(centre)
        canvas.disc(place, radius, TEAM[agent], INK if (gaps < TOUCHING).any() else None)
        canvas.text((place[0], place[1] - 0.55 * radius), str(agent), 11.0, "#ffffff")
    if actions is not None:
        for agent, centre in enumerate(now):
            away = actions[agent].astype(np.float64)
            length = float(np.linalg.norm(away))
            if length > 0.05:
                begin, end = (view.place(centre + away / length * (TOUCHING / 2 + d)) for d in (0.0, _ARROW * length))
                canvas.line([begin, end], FAINT, 2.0)
