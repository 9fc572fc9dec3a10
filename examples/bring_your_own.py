"""A task and two datasets from outside the package: a plugin to copy. See docs/data.md.

export RECIPE_SWEEP_PLUGINS=examples/bring_your_own.py
recipe-sweep data list
recipe-sweep launch examples/bring_your_own.yaml
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from recipe_sweep.trainers.plugins import (
    Columns,
    Episode,
    ReturnScale,
    TaskSpec,
    Transition,
    columns_from_episodes,
    register_dataset,
    register_task,
)

SPEC = TaskSpec("rendezvous", n_agents=2, obs_dim=2, action_dim=1, state_dim=4, horizon=20)
"""Two agents on a line are rewarded for being close to each other. The state is both agents' observations (4 = 2 x 2)."""

SPEED = 0.1


class Rendezvous:
    """E copies that step in one call. An agent observes its place and the distance to the other; its action is its speed."""

    spec = SPEC

    def __init__(self, copies: int) -> None:
        self.copies = copies

    def reset(self, generators: Sequence[np.random.Generator]) -> np.ndarray:
        """Begin one episode per generator. Only the generator makes it random, so that evaluations can be repeated."""
        self.places = np.array([generator.uniform(-1.0, 1.0, 2) for generator in generators])
        self.time = 0
        return self.observe()

    def step(self, actions: np.ndarray) -> Transition:
        """Take actions (E, 2, 1), which are within [-1, 1], and return rewards (E, 2), one for each agent."""
        self.places = np.clip(self.places + SPEED * actions[..., 0], -1.0, 1.0)
        self.time += 1
        nearness = 1.0 - np.abs(self.places[:, 0] - self.places[:, 1])
        done = np.full(self.copies, self.time >= SPEC.horizon)
        return Transition(self.observe(), np.repeat(nearness[:, None], 2, axis=1), done)

    def observe(self) -> np.ndarray:
        """Observe every copy: (E, 2, 2)."""
        return np.stack([self.places, self.places[:, ::-1] - self.places], axis=2)


def play(skill: float, episodes: int) -> Iterator[Episode]:
    """Make episodes as Minari stores them: one observation more than actions. Yours would be read from files."""
    for number in range(episodes):
        generator = np.random.default_rng(number)
        environment = Rendezvous(1)
        seen = [environment.reset([generator])[0]]
        actions, rewards = [], []
        for _ in range(SPEC.horizon):
            wish = skill * 5.0 * seen[-1][:, 1:] + generator.normal(0.0, 0.3, (2, 1))
            actions.append(np.clip(wish, -1.0, 1.0).astype(np.float32))
            step = environment.step(actions[-1][None])
            seen.append(step.observations[0])
            rewards.append(step.rewards[0])
        yield Episode(observations=np.array(seen), actions=np.array(actions), rewards=np.array(rewards))


def load_skilled() -> Columns:
    """Load a dataset from episodes."""
    return columns_from_episodes(SPEC, play(skill=1.0, episodes=250))


def load_still() -> Columns:
    """Load a dataset from arrays, as an .npz file might hold them: rows in order of time, episode after episode."""
    episodes, horizon = 250, SPEC.horizon
    places = np.repeat(np.random.default_rng(0).uniform(-1.0, 1.0, (episodes, 1, 2)), horizon, axis=1).reshape(-1, 2)
    ends = np.arange(episodes * horizon) % horizon == horizon - 1
    return Columns(
        observations=np.stack([places, places[:, ::-1] - places], axis=2).astype(np.float32),
        actions=np.zeros((len(places), 2, 1), np.float32),
        rewards=np.repeat(1.0 - np.abs(places[:, :1] - places[:, 1:]), 2, axis=1).astype(np.float32),
        terminals=ends,
    )


register_task(SPEC, Rendezvous, title="Rendezvous", version="1")
# The returns that score 0 and 1: the mean return of standing still, and that of the skilled data.
SCALE = ReturnScale(minimum=6.7, maximum=18.2)
register_dataset("rendezvous", "skilled", load_skilled, version="1", scale=SCALE)
register_dataset("rendezvous", "still", load_still, version="1", scale=SCALE)
