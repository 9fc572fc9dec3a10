"""Training of one policy, with checkpoints and an evaluation of each."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recipe_sweep.trainers.behaviour.policy import Policy, save_policy
from recipe_sweep.trainers.behaviour.ppo import Learner
from recipe_sweep.trainers.behaviour.rollout import Player
from recipe_sweep.trainers.behaviour.settings import Checkpoint, Settings, Training
from recipe_sweep.trainers.environments.locomotion import Locomotion
from recipe_sweep.trainers.environments.mujoco_robots import HORIZON, Array, Robot
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.randomness import generator

CHECKPOINTS = 40
"""Checkpoints that are written and evaluated. They are closer together at first, where the policy improves most."""
EVALUATION_EPISODES = 10
RECORD_FILE = "training.json"


class Wish(NamedTuple):
    """A request to train a task's robot for at least `steps` environment steps. `command` is recorded beside the policies."""

    task: str
    seed: int
    steps: int
    settings: Settings
    command: str


def train(wish: Wish, out: Path, heard: Callable[[Checkpoint], None]) -> Training:
    """Train a behaviour policy. Write checkpoints and `training.json` to `out`.

    The same wish on the same machine with the same number of threads gives the same policies. `heard` is called with each
    checkpoint.
    """
    task, seed, settings = wish.task, wish.seed, wish.settings
    robot = MUJOCO_TASKS[task].robot
    player = Player(robot, task, seed, settings)
    learner = Learner(Locomotion(robot, 1).features.shape[1], robot.actuators, seed, settings)
    iterations = -(-wish.steps // settings.steps)
    due = {round(iterations * (number / CHECKPOINTS) ** 2) for number in range(CHECKPOINTS + 1)}
    curve: list[Checkpoint] = []
    out.mkdir(parents=True, exist_ok=True)
    for iteration in range(iterations + 1):
        if iteration in due:
            policy = learner.policy()
            returns = play_returns(robot, policy, EVALUATION_EPISODES, 0.0, ("behaviour", "evaluation"))
            checkpoint = Checkpoint(
                file=f"{iteration * settings.steps:09d}.safetensors",
                steps=iteration * settings.steps,
                mean=float(returns.mean()),
                std=float(returns.std()),
                noisy_mean=float(np.mean(player.finished)) if player.finished else None,
                exploration=float(policy.std.mean()),
                cpu_seconds=round(time.process_time(), 1),
            )
            player.finished.clear()
            save_policy(policy, out / checkpoint.file)
            curve.append(checkpoint)
            heard(checkpoint)
        if iteration < iterations:
            learner.learn(player.play(learner.policy()), remaining=1.0 - iteration / iterations)
    training = Training(
        command=wish.command,
        task=task,
        seed=seed,
        steps=iterations * settings.steps,
        settings=settings,
        evaluation_episodes=EVALUATION_EPISODES,
        curve=tuple(curve),
    )
    (out / RECORD_FILE).write_text(training.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return training


def play_returns(robot: Robot, policy: Policy, episodes: int, noise_scale: float, stream: tuple[str, ...]) -> Array:
    """Play episodes and sum gymnasium's rewards: (episodes,). Random numbers of episode e come from (0, *stream, e)."""
    generators = [generator(0, *stream, episode) for episode in range(episodes)]
    locomotion = Locomotion(robot, episodes)
    locomotion.begin(generators)
    returns = np.zeros(episodes)
    for _ in range(HORIZON):
        noise = np.array([drawn.standard_normal(robot.actuators) for drawn in generators])
        motion = locomotion.step(policy.controls(locomotion.features, noise, noise_scale))
        returns += motion.rewards
        if motion.over.all():
            break
    return returns
