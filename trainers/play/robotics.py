"""Asks gymnasium-robotics (`mamujoco_v1`) to play the same actions from the same start, and to render them.

A process of its own does it. A renderer is chosen before MuJoCo is loaded, and a driver that fails may end the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.mujoco_robots import Array

if TYPE_CHECKING:
    from PIL.Image import Image

INSTALL = "pip install 'recipe-sweep[play]'"
PROCESS = "recipe_sweep.trainers.play.robotics_process"
RENDERER_VARIABLE = "MUJOCO_GL"
NO_RENDERER = "disabled"
_RENDERERS = ("egl", "osmesa")
_LONGEST_S = 1_200.0


class Replay(NamedTuple):
    """What is played again: a robot's name, its cost of contacts, its start and the controls (T, U) of its actuators."""

    robot: str
    contact_cost: float | None
    """None if the robot's environment has no such cost"""
    positions: Array
    velocities: Array
    controls: Array


class Answer(NamedTuple):
    """What gymnasium-robotics made of it."""

    rewards: Array
    """(T',): until its episode ended, or the controls did"""
    fell: bool
    pictures: Sequence[Image] | None
    """None if nothing could be rendered"""
    renderer: str
    problem: str
    """why the renderers failed"""


class NoAnswer(NamedTuple):
    """Why gymnasium-robotics could not even play the episode."""

    reason: str


def ask_robotics(replay: Replay, steps: Sequence[int], width: int) -> Answer | NoAnswer:
    """Play a replay in gymnasium-robotics, and render the states after `steps` as squares."""
    if find_spec("gymnasium_robotics") is None:
        return NoAnswer(f"gymnasium-robotics is not installed: {INSTALL}")
    problems: list[str] = []
    with TemporaryDirectory(prefix="recipe-sweep-play-") as scratch:
        question, answer = Path(scratch) / "question.npz", Path(scratch) / "answer.npz"
        cost = np.nan if replay.contact_cost is None else replay.contact_cost
        np.savez(question, robot=replay.robot, contact_cost=cost, positions=replay.positions, velocities=replay.velocities,
                 controls=replay.controls, steps=np.array(steps), width=width)  # fmt: skip
        for renderer in (*_renderers(), NO_RENDERER):
            problem = _run(question, answer, renderer)
            if problem is None:
                return _read(answer, renderer, "; ".join(problems))
            problems.append(f"{renderer}: {problem}")
    return NoAnswer(f"gymnasium-robotics could not play the episode ({problems[-1]})")


def _renderers() -> Iterator[str]:
    """List the renderers to try: the user's own choice, or else those that need no screen, then the screen."""
    chosen = os.environ.get(RENDERER_VARIABLE)
    if chosen:
        yield from () if chosen == NO_RENDERER else (chosen,)
        return
    yield from _RENDERERS
    if os.environ.get("DISPLAY"):
        yield "glfw"


def _run(question: Path, answer: Path, renderer: str) -> str | None:
    """Run the process with a renderer. Return None if it wrote its answer, else the last line that it said."""
    command = [sys.executable, "-W", "ignore", "-m", PROCESS, str(question), str(answer)]
    environment = os.environ | {RENDERER_VARIABLE: renderer}
    try:
        ended = subprocess.run(  # noqa: S603 (this Python, and our own module)
            command, env=environment, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {_LONGEST_S:,.0f} s"
    if ended.returncode == 0 and answer.exists():
        return None
    said = ended.stderr.strip().splitlines()
    return said[-1][:200] if said else f"exit code {ended.returncode}"


def _read(answer: Path, renderer: str, problem: str) -> Answer:
    from PIL import Image as Images

    with np.load(answer) as file:
        frames: NDArray[np.uint8] = file["frames"]
        pictures = [Images.fromarray(frame) for frame in frames] if len(frames) else None
        return Answer(file["rewards"], bool(file["fell"]), pictures, renderer, problem)
