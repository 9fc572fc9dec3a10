"""Robots as teams: which agent drives which actuators, and what each one sees. Importing this does not import MuJoCo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recipe_sweep.trainers.environments.mujoco_robots import ANT, HALF_CHEETAH, HOPPER, HORIZON, Array, Pose, Robot
from recipe_sweep.trainers.environments.omiga_view import OmigaView
from recipe_sweep.trainers.environments.partial_view import ANT_2X4, HALF_CHEETAH_6X1, HOPPER_3X1, PartialView
from recipe_sweep.trainers.task import FloatArray, TaskSpec


class View(Protocol):
    """What a team sees of its robot."""

    def observe(self, robot: Robot, pose: Pose) -> Array:
        """Observations (E, N, O) of a robot in a pose."""
        ...


@dataclass(frozen=True)
class MujocoTask:
    """A robot driven by N agents with A actuators each; `actuators[a][k]` is driven by agent a's action k.

    `contacts`: contact forces are observed and cost. `last_step_pays`: the bonus for being upright is also paid for the step
    in which the robot falls, as gymnasium's v2 environments did.
    """

    spec: TaskSpec
    robot: Robot
    actuators: tuple[tuple[int, ...], ...]
    view: View
    contacts: bool = False
    last_step_pays: bool = False

    def controls(self, actions: FloatArray) -> Array:
        """What the agents' actions (E, N, A) do to the actuators (E, U)."""
        controls = np.empty((len(actions), self.robot.actuators))
        controls[:, np.array(self.actuators)] = actions
        return controls

    def actions(self, controls: FloatArray) -> FloatArray:
        """The agents' actions (E, N, A) that do this to the actuators (E, U)."""
        actions: FloatArray = controls[:, np.array(self.actuators)]
        return actions

    def rewards(self, rewards: Array, fallen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
        """The robot's rewards (E,) as the team's: (E, N), the same for every agent."""
        team = rewards + self.robot.upright_bonus * fallen if self.last_step_pays else rewards
        return np.repeat(team[:, None], self.spec.n_agents, axis=1)


def _omiga(name: str, robot: Robot, agents: int, seen: int, silent: int = 0) -> MujocoTask:
    """A task as in the published OMIGA data: actions are concatenated in agent order, the state is what agent 0 sees."""
    each = robot.actuators // agents
    width = seen + silent + agents
    return MujocoTask(
        spec=TaskSpec(name, agents, obs_dim=width, action_dim=each, state_dim=width, horizon=HORIZON),
        robot=robot,
        actuators=tuple(tuple(range(agent * each, (agent + 1) * each)) for agent in range(agents)),
        view=OmigaView(agents, silent),
        last_step_pays=True,
    )


def _native(name: str, view: PartialView, width: int, state: int, contacts: bool = False) -> MujocoTask:
    """A task as gymnasium-robotics factorises it; the state is gymnasium's observation."""
    agents, each = len(view.owned), len(view.owned[0])
    return MujocoTask(
        spec=TaskSpec(name, agents, obs_dim=width, action_dim=each, state_dim=state, horizon=HORIZON),
        robot=view.skeleton.robot,
        actuators=view.actuators,
        view=view,
        contacts=contacts,
    )


def _all() -> Iterator[MujocoTask]:
    yield _omiga("2ant", ANT, agents=2, seen=27, silent=84)
    yield _omiga("3hopper", HOPPER, agents=3, seen=11)
    yield _omiga("6halfcheetah", HALF_CHEETAH, agents=6, seen=17)
    yield _native("2ant_native", ANT_2X4, width=63, state=105, contacts=True)
    yield _native("3hopper_native", HOPPER_3X1, width=9, state=11)
    yield _native("6halfcheetah_native", HALF_CHEETAH_6X1, width=9, state=17)


MUJOCO_TASKS = {task.spec.name: task for task in _all()}
"""By name. The first three are those of the published data; `_native` are those of gymnasium-robotics (`mamujoco_v1`)."""
