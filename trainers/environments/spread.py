"""simple_spread: three agents cover three landmarks without touching each other.

All E copies step in one numpy computation. Sums over agents or landmarks are written out term by term. So an episode is bitwise
the same with any other episodes in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.environments.sums import ordered_sum
from recipe_sweep.trainers.task import FloatArray, TaskSpec, Transition

Array = NDArray[np.float64]

AGENTS = 3
LANDMARKS = 3
SPEC = TaskSpec("simple_spread", n_agents=AGENTS, obs_dim=18, action_dim=2, state_dim=AGENTS * 18, horizon=25)

VELOCITY = slice(0, 2)
"""Slice of an observation with the agent's own velocity."""
POSITION = slice(2, 4)
"""Slice of an observation with the agent's own position."""
LANDMARK_OFFSETS = slice(4, 10)
"""Slice of an observation with the vectors from the agent to the three landmarks."""

KEPT_SPEED = 0.75
"""Share of the velocity that an agent keeps over one step: 1 - damping."""
_TIME_STEP = 0.1
_ACTION_FORCE = 5.0
PUSH = _ACTION_FORCE * _TIME_STEP
"""Velocity that a full action adds in one step (mass 1)."""
TOUCHING = 0.3
"""Distance under which two agents touch: twice the radius of an agent."""
CLOSE_ENOUGH = 0.1
"""Distance to a landmark under which its reward does not increase."""
_CONTACT_FORCE = 100.0
_CONTACT_MARGIN = 1e-3
_PAIRS = ((0, 1), (0, 2), (1, 2))
_OTHERS = ((1, 2), (0, 2), (0, 1))
_SILENCE = 4  # zeros for two messages of two numbers each, which no agent sends


class Variant(StrEnum):
    """Authors of an implementation. The implementations differ in the order of integration and in the reward."""

    OMAR = "omar"
    MPE2 = "mpe2"


class Spread:
    """E copies of simple_spread in float64: OMAR's environment. Tests compare the variant MPE2 with the package mpe2.

    Positions start uniform in (-1, 1)^2, agents before landmarks; velocities start at zero. Actions are forces in [-1, 1]^2. An
    episode has 25 steps. An agent observes 18 numbers: its velocity and position, the vectors to the landmarks and to the other
    agents in their order, and four zeros.
    """

    spec = SPEC

    def __init__(self, copies: int, variant: Variant = Variant.OMAR) -> None:
        self.copies = copies
        self.variant = variant

    def reset(self, generators: Sequence[np.random.Generator]) -> FloatArray:
        """Start one episode per generator, one for each copy. Return observations (E, 3, 18)."""
        starts = [generator.uniform(-1.0, 1.0, size=(AGENTS + LANDMARKS, 2)) for generator in generators]
        return self.place(np.array(starts).reshape(self.copies, AGENTS + LANDMARKS, 2))

    def place(self, positions: Array) -> FloatArray:
        """Start every copy at rest at positions (E, 6, 2), agents before landmarks. Return observations (E, 3, 18)."""
        self._positions = positions[:, :AGENTS].copy()
        self._landmarks = positions[:, AGENTS:].copy()
        self._velocities = np.zeros_like(self._positions)
        self._time = 0
        self._measure_gaps()
        return self._observe()

    def recover(self, observations: FloatArray) -> NDArray[np.bool_]:
        """Put every copy into the state of observations (E, 3, 18). They contain all but the time, which becomes 0."""
        seen = observations.astype(np.float64)
        self._velocities = seen[..., VELOCITY]
        self._positions = seen[..., POSITION]
        offsets = seen[:, 0, LANDMARK_OFFSETS].reshape(self.copies, LANDMARKS, 2)
        self._landmarks = self._positions[:, :1] + offsets
        self._time = 0
        self._measure_gaps()
        return np.ones(self.copies, np.bool_)

    def step(self, actions: FloatArray) -> Transition:
        """Advance every copy by actions (E, 3, 2) within [-1, 1]. The reward is computed from the state after the step."""
        forces = self._forces(actions.astype(np.float64))
        if self.variant is Variant.MPE2:  # mpe2 moves agents with their velocity before the step
            self._positions = self._positions + self._velocities * _TIME_STEP
        self._velocities = self._velocities * KEPT_SPEED + forces * _TIME_STEP
        if self.variant is Variant.OMAR:
            self._positions = self._positions + self._velocities * _TIME_STEP
        self._time += 1
        self._measure_gaps()
        done = np.full(self.copies, self._time >= SPEC.horizon)
        return Transition(self._observe(), self._reward(), done)

    def _measure_gaps(self) -> None:
        """Compute vectors (E, 2) and distances (E,) between the agents of each pair, first minus second."""
        self._gaps = [self._positions[:, first] - self._positions[:, second] for first, second in _PAIRS]
        self._distances = [_length(gap) for gap in self._gaps]

    def _forces(self, actions: Array) -> Array:
        """Compute the force on each agent (E, 3, 2): its action, and a steep soft spring that pushes touching agents apart."""
        forces = _ACTION_FORCE * actions
        for (first, second), gap, distance in zip(_PAIRS, self._gaps, self._distances, strict=True):
            overlap = np.logaddexp(0.0, -(distance - TOUCHING) / _CONTACT_MARGIN) * _CONTACT_MARGIN
            # Agents at exactly the same point are not pushed, because no direction is defined.
            apart = np.divide(_CONTACT_FORCE * gap, distance[:, None], out=np.zeros_like(gap), where=distance[:, None] > 0.0)
            push = apart * overlap[:, None]
            forces[:, first] += push
            forces[:, second] -= push
        return forces

    def _reward(self) -> FloatArray:
        """Compute the reward of each agent (E, 3)."""
        nearest = self._nearest_agent()
        touched = self._touched()
        if self.variant is Variant.MPE2:
            return -0.5 * ordered_sum(nearest)[:, None] - 0.5 * touched
        closeness = 1.0 / np.maximum(nearest, CLOSE_ENOUGH)  # 1/distance, at most 10
        return ordered_sum(closeness)[:, None] - 5.0 * touched

    def _nearest_agent(self) -> Array:
        """Compute the distance from each landmark to its nearest agent (E, 3)."""
        nearest: Array = _length(self._landmarks[:, :, None] - self._positions[:, None]).min(axis=2)
        return nearest

    def _touched(self) -> Array:
        """Count how many others each agent touches (E, 3)."""
        touched = np.zeros((self.copies, AGENTS))
        for (first, second), distance in zip(_PAIRS, self._distances, strict=True):
            touching = distance < TOUCHING
            touched[:, first] += touching
            touched[:, second] += touching
        return touched

    def _observe(self) -> Array:
        offsets = self._landmarks[:, None] - self._positions[:, :, None]
        others = self._positions[:, _OTHERS] - self._positions[:, :, None]
        flat = (self.copies, AGENTS, -1)
        silence = np.zeros((self.copies, AGENTS, _SILENCE))
        parts = (self._velocities, self._positions, offsets.reshape(flat), others.reshape(flat), silence)
        return np.concatenate(parts, axis=2)


def _length(vectors: Array) -> Array:
    """Compute the Euclidean length over the last axis, which has size 2."""
    return np.sqrt(vectors[..., 0] * vectors[..., 0] + vectors[..., 1] * vectors[..., 1])
