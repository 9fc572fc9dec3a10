"""MuJoCo data made here: policies of trainers/behaviour drive the robots, and what the agents see and do is recorded.

| quality       | policies that drive                                                                    |
|---------------|----------------------------------------------------------------------------------------|
| expert        | the best policy, with the share of its exploration noise that its record states        |
| medium        | an earlier policy that returned about half of the expert's return, with its noise      |
| medium-expert | both, with the same number of transitions; its episodes are those of the two datasets  |
| medium-replay | the stages of learning up to medium, the same number of transitions each, full noise   |
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from recipe_sweep.trainers.behaviour.library import Kept, Record, kept_policy, record_of
from recipe_sweep.trainers.behaviour.policy import Policy
from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.columns import Columns, state_is_observed
from recipe_sweep.trainers.environments.mujoco_robots import HORIZON
from recipe_sweep.trainers.environments.mujoco_tasks import MujocoTask
from recipe_sweep.trainers.randomness import generator

EPISODES_AT_ONCE = 100
"""Most episodes that are stepped side by side. The number affects speed and memory only."""


class Driver(NamedTuple):
    """A policy, and the share of its exploration noise that it acts with in the data."""

    name: str
    policy: Policy
    noise_scale: float


def drivers_of(task: MujocoTask, quality: str) -> tuple[Driver, ...]:
    """List the policies that drive in a quality's data."""
    record = record_of(task.robot)
    return tuple(Driver(kept.name, kept_policy(task.robot, kept), kept.noise_scale) for kept in _kept_of(record, quality))


def _kept_of(record: Record, quality: str) -> tuple[Kept, ...]:
    match quality:
        case "expert":
            return (record.expert,)
        case "medium":
            return (record.medium,)
        case "medium-expert":
            return (record.medium, record.expert)
        case "medium-replay":
            return record.replay
        case _:
            raise ValueError(f"no policies for quality {quality!r}")


def collect_driven(
    task: MujocoTask,
    drivers: Sequence[Driver],
    stream: Sequence[str],
    seed: int,
    transitions: int,
    progress: Progress = unheard,
) -> Columns:
    """Play whole episodes, at least `transitions` rows. Drivers have equal numbers of rows, up to an episode.

    Start and noise of a driver's episode e are drawn from (seed, *stream, driver, e) alone. The next episode is always by the
    driver with the fewest rows. So a longer collection begins with the shorter one, byte for byte. Actions are rounded to
    float32 before they are executed, so that the stored actions are exactly the executed ones.
    """
    share = transitions // len(drivers) + 1
    told = 0
    shelves: list[list[Columns]] = []
    for driver in drivers:
        shelf: list[Columns] = []
        driven = 0
        while driven < share:
            usual = HORIZON if not shelf else max(driven // len(shelf), 1)
            count = min(-(-(share - driven) // usual), EPISODES_AT_ONCE)
            episodes = _play(task, driver, [(*stream, driver.name, len(shelf) + k) for k in range(count)], seed)
            shelf += episodes
            driven += sum(len(episode.terminals) for episode in episodes)
            progress(min(told + min(driven, share), transitions), transitions)
        told += share
        shelves.append(shelf)
    return _joined(list(_in_turn(shelves, transitions)))


def _in_turn(shelves: Sequence[Sequence[Columns]], transitions: int) -> Iterator[Columns]:
    """Yield episodes with at least `transitions` rows in all, each from the shelf that has given the fewest rows."""
    given = [(0, number) for number in range(len(shelves))]
    places = [iter(shelf) for shelf in shelves]
    while sum(rows for rows, _ in given) < transitions:
        rows, number = heapq.heappop(given)
        episode = next(places[number])
        heapq.heappush(given, (rows + len(episode.terminals), number))
        yield episode


def _joined(episodes: Sequence[Columns]) -> Columns:
    """Concatenate episodes."""
    states = [episode.states for episode in episodes if episode.states is not None]
    return Columns(
        np.concatenate([episode.observations for episode in episodes]),
        np.concatenate([episode.actions for episode in episodes]),
        np.concatenate([episode.rewards for episode in episodes]),
        np.concatenate([episode.terminals for episode in episodes]),
        np.concatenate(states) if states else None,
    )


def _play(task: MujocoTask, driver: Driver, streams: Sequence[tuple[str | int, ...]], seed: int) -> list[Columns]:
    """Play one episode per stream, side by side."""
    from recipe_sweep.trainers.environments.locomotion import (
        Locomotion,  # imported here, so that other data do not wait for MuJoCo
    )

    spec, count = task.spec, len(streams)
    generators = [generator(seed, *stream) for stream in streams]
    locomotion = Locomotion(task.robot, count, task.contacts)
    locomotion.begin(generators)
    noise = np.stack([drawn.standard_normal((HORIZON, task.robot.actuators)) for drawn in generators], axis=1)
    observations = np.empty((count, HORIZON, spec.n_agents, spec.obs_dim), np.float32)
    actions = np.empty((count, HORIZON, spec.n_agents, spec.action_dim), np.float32)
    rewards = np.empty((count, HORIZON, spec.n_agents), np.float32)
    states = None if state_is_observed(spec) else np.empty((count, HORIZON, spec.state_dim), np.float32)
    lengths = np.zeros(count, np.int64)
    for step in range(HORIZON):
        pose = locomotion.pose
        observations[:, step] = task.view.observe(task.robot, pose)
        if states is not None:
            states[:, step] = locomotion.features
        seen = task.robot.features(pose._replace(forces=None))
        executed = driver.policy.controls(seen, noise[step], driver.noise_scale).astype(np.float32)
        actions[:, step] = task.actions(executed)
        motion = locomotion.step(executed.astype(np.float64))
        rewards[:, step] = task.rewards(motion.rewards, motion.fallen)
        lengths[motion.over & (lengths == 0)] = step + 1
        if motion.over.all():
            break
    return [
        Columns(
            observations[copy, :length].copy(),
            actions[copy, :length].copy(),
            rewards[copy, :length].copy(),
            np.arange(length) == length - 1,
            None if states is None else states[copy, :length].copy(),
        )
        for copy, length in enumerate(lengths.tolist())
    ]
