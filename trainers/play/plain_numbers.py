"""Draws any task as numbers, because a plugin's task has no drawing of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.play.base import Film
from recipe_sweep.trainers.play.canvas import FAINT, HEAD, INK, PALE, TEAM, WIDTH, Canvas, headed
from recipe_sweep.trainers.play.episode import Episode

_ROW, _LEFT = 46.0, 62.0
_CURVE = 80.0


class NumbersDrawing:
    """Draws what each agent observes and does as bars, and the return so far as a curve."""

    per_second = 5

    def film(self, episode: Episode, steps: Sequence[int]) -> Film:
        """See Drawing."""
        height = round(_ROW * episode.spec.n_agents + _CURVE + 40)
        pictures = []
        for step in steps:
            canvas = headed(episode, step, height)
            for agent in range(episode.spec.n_agents):
                _agent(canvas, episode, step, agent)
            _curve(canvas, episode, step)
            pictures.append(canvas.image())
        return Film(pictures, f"recipe-sweep, as numbers, because {episode.spec.name} has no drawing of its own")


def _agent(canvas: Canvas, episode: Episode, step: int, agent: int) -> None:
    top = HEAD + 8 + _ROW * agent
    seen, done = episode.observations[:, agent], episode.actions[:, agent]
    canvas.text((8, top + _ROW / 2), f"agent {agent}", 10.0, TEAM[agent % len(TEAM)], anchor="lm")
    middle = _LEFT + 0.66 * (WIDTH - _LEFT)
    _bars(canvas, seen[step] / max(1e-9, float(np.abs(seen).max())), (_LEFT, middle), top, FAINT)
    if step < len(episode):
        shown = done[step] / max(1e-9, float(np.abs(done).max()))
        _bars(canvas, shown, (middle + 12, WIDTH - 8), top, TEAM[agent % len(TEAM)])


def _bars(canvas: Canvas, values: NDArray[np.floating], sides: tuple[float, float], top: float, colour: str) -> None:
    """Draw one bar per number in [-1, 1], from left to right, up or down from a middle line."""
    left, right = sides
    base, each = top + _ROW / 2 - 3, (right - left) / max(1, len(values))
    canvas.line([(left, base), (right, base)], PALE)
    for place, value in enumerate(np.nan_to_num(values).tolist()):
        end = base - value * (_ROW / 2 - 6)
        x = left + place * each
        canvas.box((x, min(base, end)), (x + max(1.0, 0.8 * each), max(base, end)), colour)


def _curve(canvas: Canvas, episode: Episode, step: int) -> None:
    top = HEAD + 16 + _ROW * episode.spec.n_agents
    low, high = float(episode.totals.min()), float(episode.totals.max())
    room = max(1e-9, high - low)

    def place(at: int) -> tuple[float, float]:
        share = (float(episode.totals[at]) - low) / room
        return _LEFT + at / len(episode) * (WIDTH - _LEFT - 12), top + _CURVE * (1 - share)

    canvas.text((8, top + _CURVE / 2), "return", 10.0, FAINT, anchor="lm")
    canvas.line([(_LEFT, top + _CURVE), (WIDTH - 12, top + _CURVE)], PALE)
    if step:
        canvas.line([place(at) for at in range(step + 1)], INK, 1.5)
    canvas.disc(place(step), 3, INK)
    canvas.text((_LEFT, top + _CURVE + 12), "left: observations, right: actions", 9.0, FAINT, anchor="lm")
