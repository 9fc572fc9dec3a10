"""Observations in gymnasium-robotics' `mamujoco_v1` at `agent_obsk=1`: an agent's joints, their neighbours, and the torso."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.mujoco_robots import ANT, HALF_CHEETAH, HOPPER, Array, Pose, Robot


class Joint(NamedTuple):
    """A driven joint, and the bodies whose contact forces its agent observes."""

    name: str
    actuator: int
    bodies: tuple[int, ...] = ()


@dataclass(frozen=True)
class Skeleton:
    """The driven joints, in the order of the last positions and velocities, and the links that connect them."""

    robot: Robot
    joints: tuple[Joint, ...]
    links: tuple[frozenset[str], ...]

    def neighbours(self, names: frozenset[str]) -> frozenset[str]:
        """Find the joints that share a link with one of these joints, without these."""
        return frozenset[str]().union(*(link for link in self.links if link & names)) - names


@dataclass(frozen=True)
class PartialView:
    """An agent sees its joints (position, velocity, contact forces), the positions of their neighbours, and the torso's pose.

    Joints are sorted by name, as in gymnasium-robotics. Shorter observations are filled with zeros at the end.
    """

    skeleton: Skeleton
    owned: tuple[tuple[str, ...], ...]
    """Names of each agent's joints, in the order of its actions"""

    @property
    def actuators(self) -> tuple[tuple[int, ...], ...]:
        """Actuators that each agent drives."""
        number = {joint.name: joint.actuator for joint in self.skeleton.joints}
        return tuple(tuple(number[name] for name in names) for names in self.owned)

    def observe(self, robot: Robot, pose: Pose) -> Array:
        """Compute observations (E, N, O) of a robot in a pose. O is the width of the longest one."""
        copies = len(pose.positions)
        velocities = np.clip(pose.velocities, -robot.velocity_bound, robot.velocity_bound)
        forces = np.empty((copies, 0)) if pose.forces is None else pose.forces.reshape(copies, -1)
        everything = np.concatenate([pose.positions, velocities, forces, np.zeros((copies, 1))], axis=1)
        seen: Array = everything[:, _columns(self, pose.positions.shape[1], pose.velocities.shape[1])]
        return seen

    def sees(self, agent: int, positions: int, velocities: int) -> Iterator[int]:
        """Yield what an agent sees, as column numbers in all positions, velocities and contact forces side by side."""
        joints = {joint.name: (k - len(self.skeleton.joints), joint.bodies) for k, joint in enumerate(self.skeleton.joints)}
        own = frozenset(self.owned[agent])
        felt: set[int] = set()
        for name in sorted(own):
            from_end, bodies = joints[name]
            yield positions + from_end
            yield positions + velocities + from_end
            for body in bodies:
                if body not in felt:
                    yield from (positions + velocities + 6 * body + k for k in range(6))
                    felt.add(body)
        yield from (positions + joints[name][0] for name in sorted(self.skeleton.neighbours(own)))
        yield from range(self.skeleton.robot.hidden, positions - len(joints))
        yield from (positions + k for k in range(velocities - len(joints)))


@cache
def _columns(view: PartialView, positions: int, velocities: int) -> NDArray[np.intp]:
    """Compute column numbers (N, O) of what the agents see. The last column, -1, is zero."""
    seen = [list(view.sees(agent, positions, velocities)) for agent in range(len(view.owned))]
    width = max(map(len, seen))
    return np.array([columns + [-1] * (width - len(columns)) for columns in seen])


def _chain(robot: Robot, joints: Sequence[str], chain: Sequence[str]) -> Skeleton:
    """Build a skeleton whose joints form a chain. A joint's actuator has the joint's number."""
    numbered = tuple(Joint(name, actuator) for actuator, name in enumerate(joints))
    return Skeleton(robot, numbered, tuple(frozenset(pair) for pair in pairwise(chain)))


def _ant() -> Skeleton:
    """Build a skeleton of four legs with a hip and an ankle each. The actuators begin with the fourth leg."""
    joints: list[Joint] = []
    for leg in range(4):
        hip, aux, foot = 2 + 3 * leg, 3 + 3 * leg, 4 + 3 * leg  # bodies; 1 is the torso
        actuator = 2 * ((leg + 1) % 4)
        joints += [
            Joint(f"hip{leg + 1}", actuator, (1, hip)),
            Joint(f"ankle{leg + 1}", actuator + 1, (hip, aux, foot)),
        ]
    hips = frozenset(f"hip{leg}" for leg in (1, 2, 3, 4))
    legs = (frozenset({f"hip{leg}", f"ankle{leg}"}) for leg in (1, 2, 3, 4))
    return Skeleton(ANT, tuple(joints), (*legs, hips))


def _alone(skeleton: Skeleton) -> PartialView:
    """Give every joint an agent of its own."""
    return PartialView(skeleton, tuple((joint.name,) for joint in skeleton.joints))


ANT_2X4 = PartialView(_ant(), (("hip1", "ankle1", "hip2", "ankle2"), ("hip3", "ankle3", "hip4", "ankle4")))
_LEG = ("thigh_joint", "leg_joint", "foot_joint")
_BACK, _FRONT = ("bthigh", "bshin", "bfoot"), ("fthigh", "fshin", "ffoot")
HOPPER_3X1 = _alone(_chain(HOPPER, _LEG, chain=_LEG))
HALF_CHEETAH_6X1 = _alone(_chain(HALF_CHEETAH, (*_BACK, *_FRONT), chain=(*reversed(_BACK), *_FRONT)))
