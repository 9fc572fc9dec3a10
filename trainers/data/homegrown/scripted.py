"""Scripted behaviours for simple_spread: this project's own data. Qualities have the published names; the data differ.

Qualities differ in skill. None mixes a good controller with random actions, because a policy with one mode cannot imitate
that. In all of them agent i goes to landmark i. The best assignment of agents to landmarks would jump with the positions, and
would be slow to imitate.

Measured over 4,000 episodes (return: sum over 25 steps of the mean over agents; score: random is 0 and expert 1;
size: mean absolute component of the actions; bound: share of components at -1 or 1):

| quality       | mean  | std   | min   | max   | score | size | bound |
|---------------|-------|-------|-------|-------|-------|------|-------|
| expert        | 586.8 |  58.4 | 211.3 | 737.6 | 1.00  | 0.44 | 0.21  |
| medium        | 356.6 |  90.3 |  17.2 | 694.7 | 0.46  | 0.38 | 0.08  |
| medium-replay | 244.0 | 102.8 |  12.9 | 663.3 | 0.20  | 0.45 | 0.11  |
| random        | 159.5 |  60.0 |  37.4 | 453.9 | 0.00  | 0.50 | 0.00  |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recipe_sweep.trainers.data.stored.collect import Act, Behaviour
from recipe_sweep.trainers.environments.spread import AGENTS, KEPT_SPEED, LANDMARK_OFFSETS, PUSH, SPEC, VELOCITY
from recipe_sweep.trainers.task import FloatArray

_AGENT = np.arange(AGENTS)
_SHAPE = (SPEC.horizon, SPEC.n_agents, SPEC.action_dim)


@dataclass(frozen=True)
class Skill:
    """Gain of a controller (1/time) and the standard deviation of the noise on its actions."""

    gain: float
    noise: float


@dataclass(frozen=True)
class Assigned:
    """Agent i steers to landmark i: `clip((gain (goal - p) - 0.75 v) / 0.5 + noise * normal, -1, 1)`.

    Without noise and bounds the action changes the velocity v into gain (goal - p) in one step. Each episode draws one skill,
    uniform in [0, 1]. Gain and noise are interpolated between `worst` (skill 0) and `best` (skill 1).
    """

    best: Skill
    worst: Skill

    def begin(self, generators: Sequence[np.random.Generator]) -> Act:
        """Start one episode per generator."""
        skill = np.array([drawn.uniform() for drawn in generators])[:, None, None]
        gain = self.worst.gain + skill * (self.best.gain - self.worst.gain)
        noise = self.worst.noise + skill * (self.best.noise - self.worst.noise)
        disturbances = np.array([drawn.standard_normal(_SHAPE) for drawn in generators])

        def act(time: int, observations: FloatArray) -> FloatArray:
            offsets = observations[..., LANDMARK_OFFSETS].reshape(-1, AGENTS, AGENTS, 2)
            wish = gain * offsets[:, _AGENT, _AGENT] - KEPT_SPEED * observations[..., VELOCITY]
            actions: FloatArray = np.clip(wish / PUSH + noise * disturbances[:, time], -1.0, 1.0)
            return actions

        return act


@dataclass(frozen=True)
class Uniform:
    """Actions uniform in [-1, 1]."""

    def begin(self, generators: Sequence[np.random.Generator]) -> Act:
        """Start one episode per generator."""
        actions = np.array([drawn.uniform(-1.0, 1.0, _SHAPE) for drawn in generators])
        return lambda time, observations: actions[:, time]


EXPERT = Skill(gain=5.0, noise=0.2)
MEDIUM = Skill(gain=1.0, noise=0.3)
BEGINNER = Skill(gain=0.0, noise=0.6)

SPREAD_BEHAVIOURS: dict[str, Behaviour] = {
    "expert": Assigned(EXPERT, EXPERT),
    "medium": Assigned(MEDIUM, MEDIUM),
    "medium-replay": Assigned(MEDIUM, worst=BEGINNER),
    "random": Uniform(),
}
"""Behaviours by quality. A change here needs a new version of the home-made data, in search_spaces/tasks.py."""
