"""Draws the two-step game: its tree of states, the joint actions that were chosen, and what they paid."""

from __future__ import annotations

from collections.abc import Sequence

from recipe_sweep.trainers.environments.two_step import FIRST, PAYOFFS, RISKY, SAFE
from recipe_sweep.trainers.play.base import Film
from recipe_sweep.trainers.play.canvas import FAINT, HEAD, INK, PALE, TEAM, Canvas, headed
from recipe_sweep.trainers.play.episode import Episode

_HEIGHT = 270
_NAMES = {FIRST: "state 1", SAFE: "state 2-1 (safe)", RISKY: "state 2-2 (risky)"}
_PLACES = {FIRST: (180.0, HEAD + 38.0), SAFE: (95.0, HEAD + 165.0), RISKY: (265.0, HEAD + 165.0)}
_LED_BY = {SAFE: 0, RISKY: 1}
"""Agent A's first action that leads to each state."""
_CELL = 40.0
_CHOSEN, _REACHED = TEAM[0], "#fbdcc0"


class TwoStepDrawing:
    """Draws the states from the observations, and the choices from the actions."""

    per_second = 1

    def film(self, episode: Episode, steps: Sequence[int]) -> Film:
        """See Drawing."""
        return Film([_picture(episode, step).image() for step in steps], "recipe-sweep")


def _picture(episode: Episode, step: int) -> Canvas:
    canvas = headed(episode, step, _HEIGHT)
    states = episode.observations[:, 0].argmax(axis=1).tolist()
    choices = [(int(a), int(b)) for a, b in episode.actions.argmax(axis=2)]
    reached = states[min(step, 1)]
    for state, action in _LED_BY.items():
        _branch(canvas, state, action, taken=step > 0 and states[1] == state)
        _matrix(canvas, state, choices[1] if step > 1 and states[1] == state else None, here=reached == state)
    x, y = _PLACES[FIRST]
    canvas.disc((x, y), 17, _REACHED if reached == FIRST else "#ffffff", INK)
    canvas.text((x, y), "1", 14.0)
    canvas.text((180, HEAD + _HEIGHT - 16), _sentence(episode, choices, step), 11.0)
    return canvas


def _branch(canvas: Canvas, state: int, action: int, taken: bool) -> None:
    (x, y), (left, top) = _PLACES[FIRST], _PLACES[state]
    end = (left, top - _CELL - 28)
    begin = (x + (12 if left > x else -12), y + 13)
    canvas.line([begin, end], _CHOSEN if taken else FAINT, 3.0 if taken else 1.2)
    side = 1 if left > x else -1
    canvas.text(
        ((begin[0] + end[0]) / 2 + 26 * side, (begin[1] + end[1]) / 2 - 8), f"A: {action}", 11.0, INK if taken else FAINT
    )


def _matrix(canvas: Canvas, state: int, chosen: tuple[int, int] | None, here: bool) -> None:
    """Draw the payoffs of a state: a row for each action of A, a column for each of B."""
    x, y = _PLACES[state]
    canvas.text((x, y - _CELL - 17), _NAMES[state], 11.0, INK if here else FAINT)
    canvas.box((x - _CELL, y - _CELL), (x + _CELL, y + _CELL), _REACHED if here else "#ffffff", FAINT)
    canvas.line([(x, y - _CELL), (x, y + _CELL)], FAINT if here else PALE)
    canvas.line([(x - _CELL, y), (x + _CELL, y)], FAINT if here else PALE)
    for a in range(2):
        canvas.text((x - _CELL - 5, y + (a - 0.5) * _CELL), f"A {a}", 9.0, FAINT, anchor="rm")
        canvas.text((x + (a - 0.5) * _CELL, y + _CELL + 9), f"B {a}", 9.0, FAINT)
        for b in range(2):
            place = (x + (b - 0.5) * _CELL, y + (a - 0.5) * _CELL)
            if chosen == (a, b):
                half = _CELL / 2 - 2
                canvas.box((place[0] - half, place[1] - half), (place[0] + half, place[1] + half), _CHOSEN)
            canvas.text(place, f"{PAYOFFS[state, a, b]:g}", 15.0, "#ffffff" if chosen == (a, b) else INK)


def _sentence(episode: Episode, choices: Sequence[tuple[int, int]], step: int) -> str:
    if step == 0:
        return "agent A alone decides where both go"
    a, b = choices[step - 1]
    return f"A chose {a}, B chose {b}: the team gets {episode.rewards[step - 1]:g}"
