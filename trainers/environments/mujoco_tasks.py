"""Robots as teams: which agent drives which actuators, and what each agent sees. Importing this does not import MuJoCo."""

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
    """What the agents of a team see of their robot."""

    def observe(self, robot: Robot, pose: Pose) -> Array:
        """Compute observations (E, N, O) of a robot in a pose."""
        ...


@dataclass(frozen=True)
class MujocoTask:
    """A robot driven by N agents with A actuators each. Agent a's action k drives `actuators[a][k]`.

    `contacts` says that contact forces are observed and have a cost. With `last_step_pays` the step of a fall also earns the
    bonus for being upright, as in gymnasium's v2 environments.
    """

    spec: TaskSpec
    robot: Robot
    actuators: tuple[tuple[int, ...], ...]
    view: View
    contacts: bool = False
    last_step_pays: bool = False

    @property
    def paid_contacts(self) -> float | None:
        """The cost of contacts that the task counts, as gymnasium's `contact_cost_weight`; None for a robot that has none."""
        if not self.robot.contact_cost:
            return None
        return self.robot.contact_cost if self.contacts else 0.0

    def controls(self, actions: FloatArray) -> Array:
        """Translate the agents' actions (E, N, A) into controls of the actuators (E, U)."""
        controls = np.empty((len(actions), self.robot.actuators))
        controls[:, np.array(self.actuators)] = actions
        return controls

    def actions(self, controls: FloatArray) -> FloatArray:
        """Translate controls of the actuators (E, U) into the agents' actions (E, N, A)."""
        actions: FloatArray = controls[:, np.array(self.actuators)]
        return actions

    def rewards(self, rewards: Array, fallen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
        """Give every agent the robot's reward: (E,) -> (E, N)."""
        team = rewards + self.robot.upright_bonus * fallen if self.last_step_pays else rewards
        return np.repeat(team[:, None], self.spec.n_agents, axis=1)


def _omiga(name: str, robot: Robot, agents: int, seen: int, silent: int = 0) -> MujocoTask:
    """Build a task as in the published OMIGA data. Actions are joined in order of agents; the state is what agent 0 sees."""
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
    """Build a task that divides the robot as gymnasium-robotics does. The state is gymnasium's observation."""
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
"""Tasks by name. The first three are those of the published data. `_native` ones are gymnasium-robotics' (`mamujoco_v1`)."""
