"""Draws the robots: rendered by gymnasium-robotics where it can be, else as rods that we draw ourselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recipe_sweep.trainers.environments.mujoco_robots import Array
from recipe_sweep.trainers.environments.mujoco_tasks import MujocoTask
from recipe_sweep.trainers.play.base import Film, SecondReturn
from recipe_sweep.trainers.play.canvas import WIDTH, headed
from recipe_sweep.trainers.play.episode import Episode
from recipe_sweep.trainers.play.robotics import Answer, NoAnswer, Replay, ask_robotics
from recipe_sweep.trainers.play.stick_figure import stick_figures

if TYPE_CHECKING:
    from PIL.Image import Image


class Track(NamedTuple):
    """A robot's way through an episode, as our simulator computes it again."""

    positions: Array
    """(T + 1, P): gymnasium's `qpos`"""
    velocities: Array
    """(V,): gymnasium's `qvel` at the start"""
    controls: Array
    """(T, U)"""


@dataclass(frozen=True)
class RobotDrawing:
    """Plays the same actions from the same start in gymnasium-robotics' simulator, which also renders them."""

    task: MujocoTask
    per_second: int = 20

    def film(self, episode: Episode, steps: Sequence[int]) -> Film:
        """See Drawing."""
        track = self._track(episode)
        start = Replay(self.task.robot.name, self.task.paid_contacts, track.positions[0], track.velocities, track.controls)
        answer = ask_robotics(start, steps, WIDTH)
        if isinstance(answer, NoAnswer):
            return Film(self._own(episode, track, steps), f"recipe-sweep; nothing checks the return, because {answer.reason}")
        second = self._second(answer)
        if answer.pictures is None:
            reason = f"recipe-sweep, because no renderer works here ({answer.problem})"
            return Film(self._own(episode, track, steps), reason, second)
        pictures = [headed(episode, step, WIDTH, ground).image() for step, ground in zip(steps, answer.pictures, strict=True)]
        return Film(pictures, f"gymnasium-robotics (MuJoCo, {answer.renderer})", second)

    def _track(self, episode: Episode) -> Track:
        from recipe_sweep.trainers.environments.ma_mujoco import make_mujoco

        environment = make_mujoco(self.task, 1)
        environment.reset([episode.start()])
        velocities = environment.pose.velocities[0].copy()
        positions = [environment.pose.positions[0].copy()]
        for actions in episode.actions:
            environment.step(actions[None])
            positions.append(environment.pose.positions[0].copy())
        return Track(np.array(positions), velocities, self.task.controls(episode.actions))

    def _own(self, episode: Episode, track: Track, steps: Sequence[int]) -> list[Image]:
        return stick_figures(episode, self.task.robot, track.positions, steps)

    def _second(self, answer: Answer) -> SecondReturn:
        value, steps = float(answer.rewards.sum()), len(answer.rewards)
        if not (self.task.last_step_pays and answer.fell):
            return SecondReturn("gymnasium-robotics", value, steps)
        bonus = self.task.robot.upright_bonus
        remark = f"with {bonus:g} for the step of the fall, which the published data pay and gymnasium-robotics does not"
        return SecondReturn("gymnasium-robotics", value + bonus, steps, remark)
